import { parentPort, workerData } from 'node:worker_threads';
import { explorePart, type PartResult } from '../../explore/shared.ts';
import { open, searchOf, type Opened, type Settings } from '../../scenario/search.ts';
import type { Drawn, Job, JobResult, WorkerStart } from './protocol.ts';

/** Is this thread one that a search was split to? */
export function isSearchWorker(): boolean {
  return parentPort !== null && typeof workerData === 'object' && workerData !== null && KEY in workerData;
}

const KEY = 'scytheSearch';

/** Answers jobs until the pool ends the thread. */
export function serve(): void {
  const { target, settings, wanted } = (workerData as WorkerStart).scytheSearch;
  const opened = open(target);
  const numbers = new Int32Array(wanted);
  const port = parentPort;
  port?.on('message', (job: Job) => {
    const isWanted = () => job.kind === 'part' && Atomics.load(numbers, 0) === job.number;
    port.postMessage(perform(opened, settings, job, isWanted));
  });
}

function perform({ program }: Opened, settings: Settings, job: Job, isWanted: () => boolean): JobResult {
  if (job.kind === 'draws') return draw(program, settings, job);
  const { operationsPerExecution } = settings;
  return explorePart(program, job.part, { operationsPerExecution }, isWanted) satisfies PartResult;
}

/** Draws so many executions from a seed. The result depends on nothing but the arguments. */
export function draw(
  program: Opened['program'],
  settings: Settings,
  { seed, executions }: Extract<Job, { kind: 'draws' }>,
): Drawn {
  const search = searchOf(program, { ...settings, seed });
  while (search.statistics.executions < executions) {
    search.advance(executions - search.statistics.executions);
  }
  return { statistics: search.statistics, outcomes: search.outcomes };
}

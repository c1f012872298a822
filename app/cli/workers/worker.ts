import { parentPort, workerData } from 'node:worker_threads';
import { explorePart } from '../../explore/partition.ts';
import { open, searchOf, type Opened, type Settings } from '../../scenario/search.ts';
import type { Job, JobResult, WorkerStart } from './protocol.ts';

/** Is this thread one that a search was split to? */
export function isSearchWorker(): boolean {
  return parentPort !== null && typeof workerData === 'object' && workerData !== null && KEY in workerData;
}

const KEY = 'scytheSearch';

/** Answers jobs until the pool ends the thread. */
export function serve(): void {
  const { target, settings } = (workerData as WorkerStart).scytheSearch;
  const opened = open(target);
  const port = parentPort;
  port?.on('message', (job: Job) => {
    port.postMessage(perform(opened, settings, job));
  });
}

/** Does a piece of work. The result depends on nothing but the arguments. */
export function perform({ program }: Opened, settings: Settings, job: Job): JobResult {
  const { operationsPerExecution } = settings;
  if (job.kind === 'part') {
    return explorePart(program, job.assignment, { operationsPerExecution, executions: job.executions });
  }
  const search = searchOf(program, { ...settings, seed: job.seed });
  while (search.statistics.executions < job.executions) {
    search.advance(job.executions - search.statistics.executions);
  }
  const { statistics, outcomes } = search;
  return { statistics, outcomes, rest: [], elsewhere: [] };
}

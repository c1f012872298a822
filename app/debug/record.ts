import type { Observer } from '../sim/observer.ts';
import type { Schedule } from '../sim/schedule.ts';
import { reportsOf } from '../kernel/report/titles.ts';
import type { ReplayClock } from '../scenario/replay.ts';
import type { Plan } from '../scenario/resolve.ts';
import { runOnce, type Run } from '../scenario/run.ts';
import { TraceRecorder, type ReportLines } from '../trace/store/recorder.ts';
import type { TraceData } from '../trace/store/trace-data.ts';
import type { Recorded } from './execution.ts';
import { Journal } from './journal.ts';
import { KernelTraceView } from './kernel-view.ts';

/** Of a longer run not everything can be kept in memory (operations). */
export const LONGEST_RECORDED = 3_000_000;

/** What is to be recorded. */
export interface Inputs {
  readonly plan: Plan;
  readonly seed: number;
  readonly clock: ReplayClock;
  /** Null: as the timed scheduler has it. */
  readonly schedule: Schedule | null;
  readonly title: string;
}

/** A report in the log of a run. */
export interface RecordedReport extends ReportLines {
  readonly step: number;
  readonly nowNs: number;
  readonly task: number;
}

/** A run with everything that was recorded of it. */
export interface Recording extends Recorded {
  readonly run: Run;
  readonly trace: TraceData;
  readonly journal: Journal;
  readonly reports: readonly RecordedReport[];
  /** Names of tasks, by index: `simple_kvm/66`. */
  readonly taskNames: readonly string[];
}

/** Runs once and records everything. Throws TooLong, or whatever `onProgress` throws to end it. */
export function record(inputs: Inputs, onProgress?: (steps: number, now: number) => void): Recording {
  const { plan, seed, clock, schedule, title } = inputs;
  const view = new KernelTraceView();
  const recorder = new TraceRecorder(plan.cpus, view);
  const journal = new Journal();
  const names: string[] = [];
  const tasks: Observer = {
    spawned: (task) => {
      all.push(task);
    },
  };
  const all: Parameters<typeof view.taskName>[0][] = [];
  const run = runOnce(plan, {
    seed,
    clock,
    ...(schedule === null ? {} : { schedule }),
    observers: [recorder, journal, tasks],
    onProgress: (steps, now) => {
      if (steps > LONGEST_RECORDED) throw new TooLong(steps);
      onProgress?.(steps, now);
    },
  });
  const reports = reportsIn(run);
  const trace = recorder.finish(title, reports);
  for (const task of all) names[task.index] = view.taskName(task).name;
  return {
    ...{ plan, seed, clock, schedule: run.schedule, startNs: recorder.beganAt },
    ...{ run, trace, journal, reports, taskNames: names },
  };
}

export class TooLong extends Error {
  constructor(steps: number) {
    super(`the run has more than ${steps} operations, too many to record`);
    this.name = 'TooLong';
  }
}

/** Reports as lines of the log: each ends where the next one begins, at a rule, or where its task stops printing. */
function reportsIn({ log }: Run): RecordedReport[] {
  const found = reportsOf(log.map(({ text }) => text));
  return found.map(({ title, line }, i) => {
    const { step, time, task } = log[line];
    const before = ruleAbove(log[line - 1]?.text ?? '') ? 1 : 0;
    const begin = line - before;
    const next = found[i + 1]?.line ?? log.length;
    let end = line + 1;
    while (end < next && log[end].step === step && log[end].task === task) end++;
    if (end < log.length && end === next && ruleAbove(log[end - 1].text)) end--;
    return { title, line: begin, lines: end - begin, step, nowNs: time, task };
  });
}

function ruleAbove(text: string): boolean {
  return (
    /^(?:=+|-{8,}\[ cut here \]-*)$/.test(text.replaceAll(' ', '')) ||
    text.startsWith('------------[ cut here')
  );
}

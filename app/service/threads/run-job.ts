import { alignRows, difference, textsOf, type Signatures, type StepText } from '../../debug/compare.ts';
import { record } from '../../debug/record.ts';
import { RunSession } from '../../debug/session.ts';
import { Divergence } from '../../sim/schedule.ts';
import { InputError } from '../../scenario/issues.ts';
import type { RunSummary } from '../contract/runs.ts';
import { exportRun } from '../runs/export.ts';
import { planOfRequest, settingsOf } from '../scenario/plan.ts';
import type { Job, Start, Tell } from './messages.ts';

export type RunNews =
  | { readonly kind: 'progress'; readonly steps: number; readonly nowNs: number }
  | { readonly kind: 'done'; readonly summary: Omit<RunSummary, 'id' | 'source' | 'path'> }
  | { readonly kind: 'failed'; readonly message: string; readonly fix: string | null };

/** Between two of them so much time passes (ms): four times a second. */
const NEWS_EVERY_MS = 250;

/** Records a run, then answers about it. */
export function runJob(start: Start & { kind: 'run' }, tell: Tell): Job {
  const { request, seed, clock, schedule, title } = start;
  const plan = planOfRequest(request, seed);
  let toldMs = performance.now();
  const recording = explained(start, () =>
    record({ plan, seed, clock, schedule, title }, (steps, nowNs) => {
      const nowMs = performance.now();
      if (nowMs - toldMs < NEWS_EVERY_MS) return;
      toldMs = nowMs;
      tell({ kind: 'progress', steps, nowNs } satisfies RunNews);
    }),
  );
  const { run, trace, reports } = recording;
  if (start.eventHash !== null && start.eventHash !== run.eventHash) throw otherRun(request.name);
  const session = new RunSession(recording, request);
  const summary: Omit<RunSummary, 'id' | 'source' | 'path'> = {
    title,
    seed,
    kernel: settingsOf(plan),
    steps: run.steps,
    startNs: trace.startNs,
    endNs: trace.endNs,
    met: run.met,
    failures: [...run.failures],
    titles: [...run.titles],
    outcome: run.outcome.text,
    eventHash: run.eventHash,
    reports: reports.map((report) => ({ ...report })),
  };
  tell({ kind: 'done', summary } satisfies RunNews);
  return {
    methods: {
      trace: () => trace,
      log: () => session.log(),
      console: () => session.console(),
      inspect: (step: number) => session.inspect(step),
      seek: (...args: Parameters<RunSession['seek']>) => session.seek(...args),
      explain: (...args: Parameters<RunSession['explain']>) => session.explain(...args),
      replayFile: () => session.replayFile(),
      export: (format: Parameters<typeof exportRun>[1], fromNs: number | null, toNs: number | null) =>
        exportRun(session, format, fromNs, toNs),
      signatures: () => session.signatures(),
      difference: (other: Signatures) => difference(session.signatures(), other),
      texts: (from: number, to: number) => textsOf(recording, from, to),
      align: (left: StepText[], right: StepText[]) => alignRows(left, right),
    },
    close: () => {
      session.close();
    },
  };
}

/** A schedule that does not fit is the user's to repair, not a failure of the tool. */
function explained<Value>({ request }: Start & { kind: 'run' }, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof Divergence) throw otherRun(request.name, error.message);
    throw error;
  }
}

function otherRun(file: string, why = 'the replay is another run than the one recorded'): InputError {
  const place = { file, line: 0, column: 0, path: [] };
  const fix = 'the file was changed, or it comes from a Scythe whose kernel model differs: record it again';
  return new InputError([{ ...place, code: 'contradiction', message: why, fix }]);
}

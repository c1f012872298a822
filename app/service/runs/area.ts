import { basename } from 'node:path';
import type { Row, Signatures, StepText } from '../../debug/compare.ts';
import type { Difference } from '../../debug/compare.ts';
import type { Inspection } from '../../debug/inspect/inspection.ts';
import { parseReplay } from '../../scenario/replay.ts';
import { toChromeJson } from '../../trace/export/chrome-json.ts';
import { toPerfetto } from '../../trace/export/perfetto.ts';
import { importTrace } from '../../trace/import/import.ts';
import { ImportError } from '../../trace/import/import-error.ts';
import { windowOf } from '../../trace/store/window.ts';
import type { TraceData } from '../../trace/store/trace-data.ts';
import type { Area, Result } from '../area.ts';
import type { Breakpoint, RunSummary, SeekTarget } from '../contract/runs.ts';
import { ServiceError } from '../contract/wire.ts';
import { planOfRequest, requestOf } from '../scenario/plan.ts';
import type { Sources } from '../scenario/sources.ts';
import type { Start } from '../threads/messages.ts';
import type { StartThread } from '../threads/thread.ts';
import { withPlaces } from './places.ts';
import { ImportedRun, RecordedRun, threadOf, type OpenRun } from './run.ts';

/** More runs are not kept open at once: each keeps what it has recorded. */
const MOST_OPEN = 24;
/** Rows of a comparison on either side of the first difference. */
const ROWS_AROUND = 120;

export interface RunsOptions {
  readonly startThread: StartThread;
  readonly sources: Sources;
  /** What was typed into a guest until now, as a scenario; where guests can be had. */
  readonly scenarioOfGuest?: (
    guest: string,
  ) => Promise<{ readonly text: string; readonly title: string; readonly seed: number }>;
}

/** Runs, each recorded once in a thread of its own. */
export function runsArea({ startThread, sources, scenarioOfGuest }: RunsOptions): Area {
  const runs = new Map<string, OpenRun>();
  let ids = 0;

  const newId = (): string => {
    if (runs.size >= MOST_OPEN) {
      throw new ServiceError('too-large', `${MOST_OPEN} runs are open`, 'close some of them');
    }
    return `run-${++ids}`;
  };
  const start = (source: RunSummary['source'], path: string, what: Start): { id: string } => {
    const run = new RecordedRun(newId(), source, path);
    runs.set(run.id, run);
    run.thread = startThread(what, (news) => {
      run.take(news);
    });
    return { id: run.id };
  };
  const find = (id: string): OpenRun => {
    const run = runs.get(id);
    if (run === undefined)
      throw new ServiceError('not-found', `there is no run ${id}`, 'it may have been closed');
    return run;
  };
  const close = async (id: string): Promise<void> => {
    const run = runs.get(id);
    runs.delete(id);
    await run?.end();
  };
  const replay = (text: string, path: string): { id: string } => {
    const { scenario, overrides, seed, clock, schedule, title, eventHash } = parseReplay(text, path);
    const request = { ...scenario, overrides };
    planOfRequest(request, seed);
    return start('replay', path, {
      kind: 'run',
      request,
      seed,
      clock,
      schedule,
      title,
      eventHash,
    });
  };

  return {
    methods: {
      'run/start': ({ text, path, overrides, seed }) => {
        const request = requestOf(text, path, overrides);
        // Whatever is wrong with the text is told to who asked, not later.
        const { scenario } = planOfRequest(request, seed);
        const { title } = scenario;
        return start('scenario', path, {
          ...{ kind: 'run', request, seed, clock: 'timed', schedule: null, title, eventHash: null },
        });
      },
      'run/replay': ({ text, path }) => replay(text, path),
      'run/guest': async ({ guest }) => {
        if (scenarioOfGuest === undefined) throw new ServiceError('unavailable', 'there are no guests here');
        const { text, title, seed } = await scenarioOfGuest(guest);
        const request = requestOf(text, title, {});
        planOfRequest(request, seed);
        return start('guest', guest, {
          ...{ kind: 'run', request, seed, clock: 'timed', schedule: null, title, eventHash: null },
        });
      },
      'run/import': ({ text, path }) => {
        const id = newId();
        runs.set(id, new ImportedRun(id, path, opened(text, path)));
        return { id };
      },
      'run/cancel': async ({ id }) => {
        const run = find(id);
        if (run.state.state === 'running') await run.end();
        return {};
      },
      'run/close': async ({ id }) => {
        await close(id);
        return {};
      },
      'run/list': () => ({
        runs: [...runs.values()].flatMap(({ state }) => (state.state === 'done' ? [state.summary] : [])),
      }),
      'run/trace': async ({ id }) => {
        const run = find(id);
        return run.trace ?? (await threadOf(run).ask<TraceData>('trace'));
      },
      'run/log': async ({ id }) => ({ lines: await threadOf(find(id)).ask('log') }),
      'run/console': async ({ id }) => ({ lines: await threadOf(find(id)).ask('console') }),
      'run/inspect': async ({ id, step }) => {
        const run = find(id);
        const inspection = await threadOf(run).ask<Inspection>('inspect', step);
        return withPlaces(inspection, sources, kernelOf(run));
      },
      'run/seek': async ({ id, from, direction, target, breakpoints }) => {
        const places = breakpoints.map((each) => withFunction(each, sources));
        const ask: [number, boolean, SeekTarget, Breakpoint[]] = [
          from,
          direction === 'forward',
          target,
          places,
        ];
        return threadOf(find(id)).ask<Result<'run/seek'>>('seek', ...ask);
      },
      'run/explain': async ({ id, report, format }) => {
        const explained = await threadOf(find(id)).ask<Result<'run/explain'> | null>(
          'explain',
          report,
          format,
        );
        if (explained === null) throw new ServiceError('not-found', 'there is no report to explain');
        return explained;
      },
      'run/replay-file': async ({ id }) => ({ text: await threadOf(find(id)).ask<string>('replayFile') }),
      'run/export': async ({ id, format, fromNs, toNs }) => {
        const run = find(id);
        if (run.trace !== null) return exportImported(run.trace, run.path, format, fromNs, toNs);
        return threadOf(run).ask<Result<'run/export'>>('export', format, fromNs, toNs);
      },
      'run/compare': ({ left, right }) => compare(find(left), find(right)),
    },
    topics: {
      'run/state': ({ id }, emit) => find(id).listen(emit),
    },
    dispose: async () => {
      await Promise.all([...runs.keys()].map(close));
    },
  };
}

function opened(text: string, path: string): TraceData {
  try {
    return importTrace(text, basename(path));
  } catch (error) {
    if (error instanceof ImportError) throw new ServiceError('invalid', error.message, error.fix);
    throw error;
  }
}

function kernelOf({ state }: OpenRun): RunSummary['kernel'] {
  return state.state === 'done' ? state.summary.kernel : null;
}

/** A line belongs to a function: most steps are then told apart without asking the engine. */
function withFunction(breakpoint: Breakpoint, sources: Sources): Breakpoint {
  if (breakpoint.kind !== 'line') return breakpoint;
  const match = /^(.+):(\d+)$/.exec(breakpoint.what);
  if (match === null) return breakpoint;
  const name = sources.functionAround(match[1], Number(match[2]));
  return name === null ? breakpoint : { ...breakpoint, what: `${name} ${breakpoint.what}` };
}

async function compare(left: OpenRun, right: OpenRun): Promise<Result<'run/compare'>> {
  const rights = await threadOf(right).ask<Signatures>('signatures');
  const found = await threadOf(left).ask<Difference>('difference', rights);
  const { same, leftStep, rightStep } = found;
  // The neighbourhood of where they part; of runs that are the same, their beginning.
  const around = async (run: OpenRun, step: number | null, other: number | null) => {
    const at = step ?? other ?? 1;
    return threadOf(run).ask<StepText[]>('texts', at - ROWS_AROUND, at + ROWS_AROUND);
  };
  const lefts = await around(left, leftStep, rightStep);
  const theirs = await around(right, rightStep, leftStep);
  const rows = await threadOf(left).ask<Row[]>('align', lefts, theirs);
  return { same, leftStep, rightStep, rows, difference: wordsOf(found, lefts, theirs) };
}

function wordsOf(
  { same, leftStep, rightStep, task }: Difference,
  lefts: StepText[],
  rights: StepText[],
): string {
  if (same) return 'both do the same in the same order';
  const left = lefts.find(({ step }) => step === leftStep);
  const right = rights.find(({ step }) => step === rightStep);
  const does = (one: StepText | undefined) => (one === undefined ? 'does nothing more' : `would ${one.text}`);
  if (task === null) {
    return `every task does the same, in another order: ${left?.task ?? ''} goes first on the left, ${right?.task ?? ''} on the right`;
  }
  return `${task} does something else: on the left it ${does(left)}, on the right it ${does(right)}`;
}

function exportImported(
  trace: TraceData,
  path: string,
  format: string,
  fromNs: number | null,
  toNs: number | null,
): Result<'run/export'> {
  const part = windowOf(trace, fromNs, toNs);
  const name = basename(path).replace(/\.\w+$/, '');
  if (format === 'perfetto') {
    return { name: `${name}.pftrace`, mime: 'application/octet-stream', bytes: toPerfetto(part) };
  }
  if (format === 'chrome') {
    return {
      name: `${name}.json`,
      mime: 'application/json',
      bytes: new TextEncoder().encode(toChromeJson(part)),
    };
  }
  throw new ServiceError(
    'unavailable',
    `a trace from a file cannot be saved as ${format}`,
    'save it as Perfetto or Chrome JSON',
  );
}

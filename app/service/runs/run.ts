import type { TraceData } from '../../trace/store/trace-data.ts';
import type { RunSummary } from '../contract/runs.ts';
import { ServiceError } from '../contract/wire.ts';
import type { TopicEvent } from '../area.ts';
import type { Thread } from '../threads/thread.ts';
import type { RunNews } from '../threads/run-job.ts';

export type RunState = TopicEvent<'run/state'>;

/** One run of the workbench: under way, done or failed. */
export interface OpenRun {
  readonly id: string;
  readonly path: string;
  readonly source: RunSummary['source'];
  readonly state: RunState;
  /** Null for a trace that was opened from a file. */
  readonly thread: Thread | null;
  readonly trace: TraceData | null;
  listen(listener: (state: RunState) => void): () => void;
  end(): Promise<void>;
}

/** A run in a thread of its own. */
export class RecordedRun implements OpenRun {
  readonly trace = null;
  state: RunState = { state: 'running', steps: 0, nowNs: 0 };
  thread: Thread | null = null;
  private readonly listeners = new Set<(state: RunState) => void>();

  constructor(
    readonly id: string,
    readonly source: RunSummary['source'],
    readonly path: string,
  ) {}

  take(news: unknown): void {
    const each = news as RunNews;
    switch (each.kind) {
      case 'progress':
        this.change({ state: 'running', steps: each.steps, nowNs: each.nowNs });
        return;
      case 'done':
        this.change({
          state: 'done',
          summary: { ...each.summary, id: this.id, source: this.source, path: this.path },
        });
        return;
      case 'failed':
        this.change({ state: 'failed', message: each.message, fix: each.fix });
    }
  }

  listen(listener: (state: RunState) => void): () => void {
    this.listeners.add(listener);
    listener(this.state);
    return () => this.listeners.delete(listener);
  }

  async end(): Promise<void> {
    if (this.state.state === 'running') this.change({ state: 'failed', message: 'cancelled', fix: null });
    this.listeners.clear();
    await this.thread?.end();
    this.thread = null;
  }

  private change(state: RunState): void {
    this.state = state;
    for (const listener of [...this.listeners]) listener(state);
  }
}

/** A trace from a file: there to be looked at, with no steps to go to. */
export class ImportedRun implements OpenRun {
  readonly thread = null;
  readonly source = 'file';
  readonly state: RunState;
  trace: TraceData | null;

  constructor(
    readonly id: string,
    readonly path: string,
    trace: TraceData,
  ) {
    this.trace = trace;
    const summary: RunSummary = {
      ...{ id, path, title: trace.title, source: 'file', seed: 0, kernel: null, steps: null },
      ...{ startNs: trace.startNs, endNs: trace.endNs, met: null, failures: [], titles: [] },
      ...{ outcome: '', eventHash: '', reports: [] },
    };
    this.state = { state: 'done', summary };
  }

  listen(listener: (state: RunState) => void): () => void {
    listener(this.state);
    return () => undefined;
  }

  end(): Promise<void> {
    this.trace = null;
    return Promise.resolve();
  }
}

/** The thread of a run that was made here. Throws for one that was not. */
export function threadOf(run: OpenRun): Thread {
  if (run.thread !== null) return run.thread;
  if (run.source !== 'file') throw new ServiceError('not-found', 'the run has been closed');
  throw new ServiceError(
    'unavailable',
    'this trace was recorded elsewhere: it cannot be executed again',
    'run a scenario to step through it',
  );
}

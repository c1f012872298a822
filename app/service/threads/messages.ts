import type { Schedule } from '../../sim/schedule.ts';
import type { ReplayClock } from '../../scenario/replay.ts';
import type { Settings, Target } from '../../scenario/search.ts';
import type { Request } from '../scenario/plan.ts';

/** What a thread is started for. Plain data, as all that goes between threads. */
export type Start =
  | {
      readonly kind: 'run';
      readonly request: Request;
      readonly seed: number;
      readonly clock: ReplayClock;
      readonly schedule: Schedule | null;
      readonly title: string;
      /** What a replay has to come to; null for a run of its own. */
      readonly eventHash: string | null;
    }
  | {
      readonly kind: 'search';
      readonly target: Target;
      readonly settings: Settings;
      readonly executions: number | null;
      readonly ms: number | null;
      readonly stopAtFirst: boolean;
    }
  | { readonly kind: 'matrix'; readonly rows: readonly MatrixRow[]; readonly options: MatrixOptions };

export interface MatrixRow {
  readonly name: string;
  readonly request: Request;
}

export interface MatrixOptions {
  readonly explore: boolean;
  readonly iterations: number;
  readonly executions: number | null;
}

/** To a thread. */
export type ToThread = { readonly id: number; readonly method: string; readonly args: readonly unknown[] };

/** From a thread: news as they come, and answers. */
export type FromThread =
  | { readonly type: 'news'; readonly news: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly fix: string | null };

/** What runs in a thread: it tells news, and answers when it is asked. */
export interface Job {
  /** Called with the methods that the thread answers. Whatever it throws is told to whoever asks. */
  readonly methods: Readonly<Record<string, (...args: never[]) => unknown>>;
  close?(): void;
}

export type Tell = (news: unknown) => void;

import { TaskStruct } from '../kernel/include/sched.ts';
import { task_state_to_char } from '../kernel/kernel/sched/show_task.ts';
import { Delay } from '../sim/delay.ts';
import type { GuestMachine } from './guest-machine.ts';

/** The clock and the timers of the host; tests have their own. */
export interface HostClock {
  /** Milliseconds, from any start. */
  now(): number;
  /** Calls back after a while; gives what takes that back. */
  later(ms: number, call: () => void): () => void;
  /** Calls back after input and output had their turn. */
  soon(call: () => void): () => void;
}

export const hostClock: HostClock = {
  now: () => performance.now(),
  later: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  soon: (call) => {
    const immediate = setImmediate(call);
    return () => clearImmediate(immediate);
  },
};

/** How the guest is doing. */
export type EngineState = 'running' | 'idle' | 'blocked' | 'halted';

/** Something that came from outside, and where in the run: enough to have the same run again. */
export interface Injection {
  readonly step: number;
  /** Virtual time. */
  readonly at: number;
  readonly what: string;
}

export interface EngineOptions {
  readonly guest: GuestMachine;
  readonly clock: HostClock;
  /** Guest seconds per second; 0 as fast as possible. */
  readonly factor: number;
  /** May the guest go on, or is there more output than anybody reads? */
  readonly mayGoOn?: () => boolean;
  /** As fast as possible: may time pass, or is there input on its way that came before? */
  readonly mayLeap?: () => boolean;
  readonly onHalted: () => void;
  /** Called after each slice. */
  readonly onSlice?: () => void;
}

/** The guest is left alone with the processor for so long at a time. */
const SLICE_MS = 8;
/** Real time that is not made up for: the host slept, or the guest is slower than its clock. */
const MOST_LAG_MS = 250;
/** The longest that timers of the host can wait. */
const LONGEST_WAIT_MS = 0x7fff_0000;
/** Virtual time in which a hang is reported, at the default timeout of 120 s. */
const HANG_TOLD_NS = 250_000_000_000;

/**
 * Drives a guest from the event loop of the host: virtual time goes at a factor of real time, as long as the guest can
 * keep up. A guest that waits costs nothing until its next timer or the next input.
 */
export class Engine {
  readonly injections: Injection[] = [];
  private readonly guest: GuestMachine;
  private readonly clock: HostClock;
  private factorInForce: number;
  /** Virtual time that goes with a moment of the host's clock. */
  private anchor = { virtual: 0, host: 0 };
  private cancel: (() => void) | null = null;
  private paused = false;
  private over = false;
  private expectedMs = 0;
  /** Since when nobody but the watchdog has had anything to do; -1 while somebody has. */
  private quietSince = -1;
  private stateNow: EngineState = 'running';

  constructor(private readonly options: EngineOptions) {
    this.guest = options.guest;
    this.clock = options.clock;
    this.factorInForce = options.factor;
    this.reanchor();
  }

  get factor(): number {
    return this.factorInForce;
  }

  get state(): EngineState {
    return this.stateNow;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** The guest's clock as a user would read it. */
  get virtualNow(): number {
    if (this.paused || this.factorInForce === 0 || this.stateNow === 'running') return this.guest.now;
    return Math.max(this.guest.now, this.target());
  }

  start(): void {
    this.reanchor();
    this.wake();
  }

  /** Never again. */
  end(): void {
    this.over = true;
    this.cancel?.();
    this.cancel = null;
  }

  pause(): void {
    this.guest.advanceTo(this.virtualNow);
    this.paused = true;
    this.cancel?.();
    this.cancel = null;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.start();
  }

  setFactor(factor: number): void {
    this.guest.advanceTo(this.virtualNow);
    this.factorInForce = factor;
    this.start();
  }

  /** Runs a paused guest up to a moment of virtual time, at once. */
  stepTo(moment: number): void {
    if (!this.paused) this.pause();
    if (
      this.guest.run(
        () => moment,
        () => false,
      ) === 'halted'
    )
      this.halt();
    else this.guest.advanceTo(moment);
    this.options.onSlice?.();
  }

  /** Hands something in, at the present virtual time. */
  inject(what: string, act: () => void): void {
    if (this.over || this.guest.halted) return;
    this.guest.advanceTo(this.virtualNow);
    const { machine } = this.guest;
    this.injections.push({ step: machine.steps, at: machine.now, what });
    this.guest.inside(act);
    this.quietSince = -1;
    this.wake();
  }

  /** To be called when something has changed: input came, output has gone. */
  wake(): void {
    if (this.over || this.paused) return;
    this.cancel?.();
    this.expectedMs = this.clock.now();
    this.cancel = this.clock.soon(() => this.turn());
  }

  private turn(): void {
    this.cancel = null;
    if (this.over || this.paused) return;
    if (this.options.mayGoOn?.() === false) return;
    const startedMs = this.clock.now();
    if (startedMs - this.expectedMs > MOST_LAG_MS) this.reanchor(startedMs - this.expectedMs);
    const stopped = this.guest.run(
      () => this.target(),
      () => this.clock.now() - startedMs >= SLICE_MS,
    );
    if (this.over) return;
    this.stateNow = stopped === 'enough' ? 'running' : this.restingState();
    if (stopped === 'halted') {
      this.halt();
      return;
    }
    this.options.onSlice?.();
    if (this.over || this.paused || this.cancel !== null) return;
    if (stopped === 'enough') {
      // A guest that cannot keep up is not driven to catch up later.
      if (this.factorInForce > 0 && this.target() - this.guest.now > MOST_LAG_MS * 1e6 * this.factorInForce)
        this.reanchor();
      this.cancel = this.clock.soon(() => this.turn());
      this.expectedMs = this.clock.now();
    } else this.sleep();
  }

  /** Until the next timer of the guest, or until somebody wakes us. */
  private sleep(): void {
    const due = this.guest.nextDue();
    if (due === null || this.factorInForce === 0) return;
    const waitMs = Math.max(0, (due - this.target()) / 1e6 / this.factorInForce);
    const ms = Math.min(Math.ceil(waitMs), LONGEST_WAIT_MS);
    this.expectedMs = this.clock.now() + ms;
    this.cancel = this.clock.later(ms, () => this.turn());
  }

  private halt(): void {
    this.stateNow = 'halted';
    this.end();
    this.options.onHalted();
  }

  /** How far the guest may go now. */
  private target(): number {
    if (this.factorInForce === 0) return this.quietLimit();
    const elapsedMs = this.clock.now() - this.anchor.host;
    return Math.floor(this.anchor.virtual + elapsedMs * 1e6 * this.factorInForce);
  }

  private reanchor(lagMs = 0): void {
    if (lagMs === 0) this.anchor = { virtual: this.guest.now, host: this.clock.now() };
    else this.anchor = { ...this.anchor, host: this.anchor.host + lagMs };
  }

  /**
   * As fast as possible: any time, unless all wait for input but the watchdog, which would look at them for ever. Then
   * it gets the time that it needs to report a task that hangs.
   */
  private quietLimit(): number {
    if (this.options.mayLeap?.() === false) return this.guest.now;
    if (!this.guest.machine.enabled.every(isWatchdog)) {
      this.quietSince = -1;
      return Infinity;
    }
    if (this.quietSince < 0) this.quietSince = this.guest.now;
    return this.hangs() ? this.quietSince + HANG_TOLD_NS : this.guest.now;
  }

  private restingState(): EngineState {
    return this.hangs() ? 'blocked' : 'idle';
  }

  /** Is a process stuck where no signal reaches it? */
  private hangs(): boolean {
    return this.guest.machine.tasks.some(({ state, enabled, context }) => {
      if (state !== 'ready' || enabled || !(context instanceof TaskStruct)) return false;
      return context.user && task_state_to_char(context) === 'D';
    });
  }
}

function isWatchdog({ label, pending }: { readonly label: string; readonly pending: unknown }): boolean {
  return label.startsWith('khungtaskd') && pending instanceof Delay;
}

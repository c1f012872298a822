import { Delay } from '../../sim/delay.ts';
import type { Operation } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';
import type { Moment, TraceBuilder } from './builder.ts';
import type { TraceView } from './view.ts';

type State = 'none' | 'running' | 'runnable' | 'blocked' | 'sleeping' | 'ended';

/** What is known of a task while a run is recorded. */
interface Seen {
  readonly task: Task;
  readonly stateTrack: number;
  state: State;
  since: Moment;
  detail: string;
  /** The end of its last operation. */
  last: Moment;
  /** Who let it go on, until it does. */
  woken: { readonly kind: 'lock' | 'wakeup'; readonly track: number; readonly at: Moment } | null;
}

interface Cpu {
  readonly track: number;
  current: Seen | null;
  /** The slice of `current`, if it has one open. */
  slice: number | null;
  /** The end of the last operation on the CPU. */
  end: Moment;
}

/**
 * Which task has which CPU, and what the others do meanwhile. The machine tells when an operation ended; when it
 * began follows from when its task and its CPU were ready for it, as the timed scheduler has it.
 */
export class CpuTime {
  private readonly cpus: Cpu[];
  private readonly seen: Seen[] = [];
  private readonly timed: boolean;
  private lastObject: Operation<unknown>['object'] | null = null;
  private lastTask: Seen | null = null;
  private now: Moment;

  constructor(
    private readonly builder: TraceBuilder,
    private readonly view: TraceView,
    private readonly options: {
      readonly cpus: number;
      readonly timed: boolean;
      readonly start: Moment;
      readonly group: number;
      /** A task cannot go on: for those who show what it waits for. */
      readonly waits: (task: Task, operation: Operation<unknown>, at: Moment) => void;
    },
  ) {
    this.timed = options.timed;
    this.now = options.start;
    this.cpus = Array.from({ length: options.cpus }, (_, cpu) => ({
      track: builder.track({ parent: options.group, kind: 'cpu', name: `CPU${cpu}`, cpu }),
      current: null,
      slice: null,
      end: options.start,
    }));
  }

  get cpuTracks(): readonly number[] {
    return this.cpus.map(({ track }) => track);
  }

  add(task: Task, stateTrack: number, at: Moment): void {
    const state: State = task.pending !== null && !task.enabled ? 'blocked' : 'runnable';
    this.seen[task.index] = { task, stateTrack, state, since: at, detail: '', last: at, woken: null };
  }

  /** The task performs an operation that ends at `to`. */
  performing(task: Task, operation: Operation<unknown>, to: Moment): void {
    this.settle();
    const seen = this.seen[task.index];
    const cpu = this.cpus[task.cpu % this.cpus.length];
    const from = this.startOf(seen, cpu, operation, to);
    this.takeCpu(cpu, seen, from, to);
    this.run(seen, operation, from);
    cpu.end = seen.last = this.now = to;
    this.lastTask = seen;
    this.lastObject = operation.object;
  }

  blocked(task: Task, operation: Operation<unknown>, at: Moment): void {
    const seen = this.seen[task.index];
    // At its start a task has no track yet.
    if (seen === undefined) return;
    const { state, detail } = this.view.waitOf(task, operation);
    this.enter(seen, state, at, detail);
    this.leaveCpu(seen, at);
    this.options.waits(task, operation, at);
  }

  unblocked(task: Task, operation: Operation<unknown>, at: Moment): void {
    const seen = this.seen[task.index];
    if (seen === undefined || seen.state === 'runnable') return;
    this.enter(seen, 'runnable', at, operation.object.name);
    this.wokenBy(seen, operation.kind === 'acquire' ? 'lock' : 'wakeup', at);
  }

  /** Was in a sleep that would have ended by itself. */
  woke(task: Task, at: Moment): void {
    const seen = this.seen[task.index];
    if (seen !== undefined) this.wokenBy(seen, 'wakeup', at);
  }

  ended(task: Task, at: Moment): void {
    const seen = this.seen[task.index];
    if (seen === undefined) return;
    this.enter(seen, 'ended', at, '');
    this.leaveCpu(seen, at);
  }

  /** Closes what goes on. */
  finish(end: Moment): void {
    this.settle();
    for (const seen of this.seen) {
      if (seen === undefined) continue;
      if (seen.state === 'running') this.enter(seen, 'none', seen.last, '');
      if (seen.task.pending instanceof Delay) seen.state = 'sleeping';
      this.enter(seen, 'none', end, '');
    }
    for (const cpu of this.cpus) this.closeSlice(cpu);
  }

  /**
   * Of several tasks that were let go on by one operation, one may have taken what they waited for: the machine
   * tells nobody that the others wait again.
   */
  private settle(): void {
    const waiters = this.lastObject?.waiters ?? null;
    if (waiters === null) return;
    for (const task of waiters) {
      const seen = this.seen[task.index];
      if (seen?.state !== 'runnable' || task.enabled || task.pending === null) continue;
      const { state, detail } = this.view.waitOf(task, task.pending);
      this.enter(seen, state, this.now, detail);
      this.options.waits(task, task.pending, this.now);
      seen.woken = null;
    }
  }

  private startOf(seen: Seen, cpu: Cpu, operation: Operation<unknown>, to: Moment): Moment {
    if (!this.timed) return { ns: this.now.ns, step: to.step };
    const ready =
      operation instanceof Delay ? Math.max(operation.due, seen.task.readySince) : seen.task.readySince;
    return { ns: Math.min(Math.max(cpu.end.ns, ready, this.earliest(seen)), to.ns), step: to.step };
  }

  private earliest(seen: Seen): number {
    return seen.last.ns;
  }

  private takeCpu(cpu: Cpu, seen: Seen, from: Moment, to: Moment): void {
    const before = cpu.current;
    if (before !== seen || from.ns > cpu.end.ns) this.closeSlice(cpu);
    if (before !== null && before !== seen && before.state === 'running') {
      this.enter(before, 'runnable', before.last, '');
    }
    // It may come from another CPU.
    for (const other of this.cpus) {
      if (other === cpu || other.current !== seen) continue;
      this.closeSlice(other);
      other.current = null;
    }
    cpu.current = seen;
    cpu.slice ??= this.builder.open(
      cpu.track,
      { ns: from.ns, step: to.step },
      { name: this.view.taskName(seen.task).name, category: 'task', detail: String(seen.task.index) },
    );
  }

  private run(seen: Seen, operation: Operation<unknown>, from: Moment): void {
    if (seen.state === 'running' && from.ns === seen.last.ns) return;
    if (seen.state === 'running') this.enter(seen, 'runnable', seen.last, '');
    if (operation instanceof Delay && seen.state === 'runnable') {
      // A sleep that ends by itself: the machine takes the task for one that could run.
      seen.state = 'sleeping';
      seen.detail = operation.object === seen.task ? 'time' : operation.object.name;
    }
    this.enter(seen, 'running', from, '');
    const { woken } = seen;
    seen.woken = null;
    if (woken !== null) this.builder.flow(woken.kind, woken.track, woken.at, seen.stateTrack, from);
  }

  private enter(seen: Seen, state: State, at: Moment, detail: string): void {
    const { since, stateTrack } = seen;
    if (seen.state !== 'none' && seen.state !== 'ended' && at.ns > since.ns) {
      this.builder.slice(stateTrack, since, at, {
        name: seen.state,
        category: seen.state,
        detail: seen.detail,
      });
    }
    seen.state = state;
    seen.since = at;
    seen.detail = detail;
  }

  private leaveCpu(seen: Seen, at: Moment): void {
    for (const cpu of this.cpus) {
      if (cpu.current !== seen) continue;
      cpu.end = { ns: Math.max(cpu.end.ns, this.timed ? cpu.end.ns : at.ns), step: at.step };
      this.closeSlice(cpu);
      cpu.current = null;
    }
  }

  private closeSlice(cpu: Cpu): void {
    if (cpu.slice !== null) this.builder.close(cpu.slice, cpu.end);
    cpu.slice = null;
  }

  private wokenBy(seen: Seen, kind: 'lock' | 'wakeup', at: Moment): void {
    const waker = this.lastTask;
    seen.woken = waker === null || waker === seen ? null : { kind, track: waker.stateTrack, at };
  }
}

import { machineInForce } from '../../sim/machine-in-force.ts';
import type { Machine } from '../../sim/machine.ts';
import type { Memory } from '../../sim/memory.ts';
import type { Observer } from '../../sim/observer.ts';
import type { Operation } from '../../sim/operation.ts';
import { StepClock } from '../../sim/step-clock.ts';
import type { Frame, Task } from '../../sim/task.ts';
import { TraceBuilder, type Moment, type NewTrack, type SliceText } from './builder.ts';
import { CallSlices } from './call-slices.ts';
import { CpuTime } from './cpu-time.ts';
import { LockSlices } from './lock-slices.ts';
import { Overlapping } from './overlapping.ts';
import { REPORT, type FlowKind, type TraceData } from './trace-data.ts';
import { bareView, type Heading, type TraceSink, type TraceView } from './view.ts';

interface TaskTracks {
  readonly task: Task;
  readonly group: number;
  readonly state: number;
  readonly calls: number;
  readonly events: number;
}

interface Line {
  readonly task: Task | null;
  readonly at: Moment;
  readonly text: string;
}

/** A report among the lines that were said: the number of its first line, and of how many it consists. */
export interface ReportLines {
  readonly title: string;
  readonly line: number;
  readonly lines: number;
}

const HEADINGS: Readonly<Record<Heading, string>> = {
  srcu: 'SRCU and RCU',
  timers: 'Timers',
  counters: 'Counters',
};

/**
 * Turns a run into a trace while it happens. Attached from the beginning, it knows the tasks that the boot started;
 * what happened before the first operation is put at the trace's start.
 */
export class TraceRecorder implements Observer, TraceSink {
  private readonly builder = new TraceBuilder();
  private readonly groups: Readonly<Record<'cpus' | 'tasks' | 'locks' | Heading, number>>;
  private readonly tracks: TaskTracks[] = [];
  private readonly early: Task[] = [];
  private readonly calls: CallSlices;
  private readonly locks: LockSlices;
  private readonly slices: Overlapping;
  private readonly keyed = new Map<object | string, { readonly track: number; readonly heading: Heading }>();
  private readonly flows = new Map<object, { kind: FlowKind; track: number; at: Moment }>();
  private readonly freed = new Map<Memory, { readonly track: number; readonly at: Moment }>();
  private readonly lines: Line[] = [];
  private cpuTime: CpuTime | null = null;
  private machine: Machine | null = null;
  private startNs = 0;
  /** Steps that have their row. */
  private recorded = 0;
  /** The operation whose touch of dead memory an arrow was drawn for. */
  private told: Operation<unknown> | null = null;

  constructor(
    private readonly cpus: number,
    private readonly view: TraceView = bareView,
  ) {
    const group = (name: string) => this.builder.track({ kind: 'group', name });
    this.groups = {
      cpus: group('CPUs'),
      tasks: group('Tasks'),
      locks: group('Locks'),
      srcu: group(HEADINGS.srcu),
      timers: group(HEADINGS.timers),
      counters: group(HEADINGS.counters),
    };
    this.calls = new CallSlices(this.builder, view);
    this.locks = new LockSlices(this.builder, view, this.groups.locks);
    this.slices = new Overlapping(this.builder);
  }

  /** When the guest began to run (virtual ns). */
  get beganAt(): number {
    return this.startNs;
  }

  spawned(task: Task): void {
    this.machine ??= machineInForce();
    if (this.cpuTime === null) {
      this.early.push(task);
      this.startNs = Math.max(this.startNs, this.machine.now);
    } else this.add(task);
  }

  performing(task: Task, operation: Operation<unknown>): void {
    const at = this.moment();
    this.cpuTime ??= this.begin();
    this.cpuTime.performing(task, operation, at);
    this.step(task, at);
    this.locks.goesOn(task, operation.object, at);
    this.deadTouch(task, operation, at);
  }

  operation(task: Task, operation: Operation<unknown>, result: unknown): void {
    const at = this.moment();
    const { kind } = operation;
    if (kind === 'acquire' || kind === 'release') this.locks.changed(operation.object, at);
    else if (kind === 'free') {
      if (operation.memory !== null)
        this.freed.set(operation.memory, { track: this.tracksOf(task).state, at });
    }
    this.view.performed?.(task, operation, result, this);
  }

  entered(task: Task, frame: Frame): void {
    this.calls.entered(task, this.tracksOf(task).calls, frame, this.moment());
    this.view.entered?.(task, frame, this);
  }

  left(task: Task, frame: Frame): void {
    this.calls.left(task, frame, this.moment());
  }

  blocked(task: Task, operation: Operation<unknown>): void {
    this.cpuTime?.blocked(task, operation, this.moment());
  }

  unblocked(task: Task, operation: Operation<unknown>): void {
    this.cpuTime?.unblocked(task, operation, this.moment());
  }

  ended(task: Task): void {
    const at = this.moment();
    this.step(task, at);
    this.cpuTime?.ended(task, at);
    this.calls.ended(task, at);
  }

  said(task: Task | null, kind: string, text: string): void {
    const at = this.moment();
    if (task !== null) this.step(task, at);
    if (kind === 'printk') {
      this.lines.push({ task, at, text });
      if (task !== null && task.pending !== null) this.deadTouch(task, task.pending, at);
    } else if (task !== null) {
      this.builder.instant(this.tracksOf(task).events, at, kind, text);
    }
  }

  // What the model adds.

  track(key: object | string, heading: Heading, make: () => NewTrack): number {
    let known = this.keyed.get(key);
    if (known === undefined) {
      known = { track: this.builder.track({ parent: this.groups[heading], ...make() }), heading };
      this.keyed.set(key, known);
    }
    return known.track;
  }

  open(track: number, key: object, text: SliceText): void {
    this.slices.open(track, key, this.moment(), text);
  }

  close(track: number, key: object): void {
    this.slices.close(track, key, this.moment());
  }

  sample(track: number, value: number): void {
    this.builder.sample(track, this.moment(), value);
  }

  from(kind: FlowKind, key: object, task: Task): void {
    this.flows.set(key, { kind, track: this.tracksOf(task).state, at: this.moment() });
  }

  to(key: object, task: Task): void {
    const flow = this.flows.get(key);
    if (flow === undefined) return;
    this.flows.delete(key);
    this.builder.flow(flow.kind, flow.track, flow.at, this.tracksOf(task).state, this.moment());
  }

  woke(task: Task): void {
    this.cpuTime?.woke(task, this.moment());
  }

  /** Ends the recording. `reports` says which of the lines that were said belong to reports. */
  finish(title: string, reports: readonly ReportLines[]): TraceData {
    this.cpuTime ??= this.begin();
    const end = this.moment();
    this.cpuTime.finish(end);
    this.addLines(reports);
    for (const { task, group } of this.tracks) {
      if (task === undefined) continue;
      const { name, pid } = this.view.taskName(task);
      const track = this.builder.trackAt(group);
      track.name = name;
      track.pid = pid;
    }
    for (const [track, name] of this.view.renamed?.() ?? []) this.builder.trackAt(track).name = name;
    return this.builder.finish(title, this.startNs, end.ns, this.order());
  }

  /** A task that dies at a touch of dead memory takes a step, too, and performs nothing. */
  private step(task: Task, at: Moment): void {
    if (this.cpuTime === null) return;
    while (this.recorded < at.step) {
      this.builder.step(at.ns, task.index);
      this.recorded++;
    }
  }

  private moment(): Moment {
    const { machine } = this;
    return machine === null ? { ns: 0, step: 0 } : { ns: machine.now, step: machine.steps };
  }

  private begin(): CpuTime {
    const machine = (this.machine ??= machineInForce());
    const start = { ns: this.startNs, step: 0 };
    this.cpuTime = new CpuTime(this.builder, this.view, {
      cpus: this.cpus,
      timed: !(machine.clock instanceof StepClock),
      start,
      group: this.groups.cpus,
      waits: (task, { kind, object }, at) => {
        if (kind === 'acquire') this.locks.waits(task, object, at);
      },
    });
    this.builder.step(this.startNs, -1);
    for (const task of this.early) this.cpuTime.add(task, this.tracksOf(task).state, start);
    return this.cpuTime;
  }

  private add(task: Task): void {
    this.cpuTime?.add(task, this.tracksOf(task).state, this.moment());
  }

  private tracksOf(task: Task): TaskTracks {
    const known = this.tracks[task.index];
    if (known !== undefined) return known;
    const group = this.builder.track({
      parent: this.groups.tasks,
      kind: 'process',
      name: task.label,
      task: task.index,
      description: this.view.taskName(task).kind,
    });
    const part = (kind: NewTrack['kind'], name: string) =>
      this.builder.track({ parent: group, kind, name, task: task.index });
    return (this.tracks[task.index] = {
      task,
      group,
      state: part('task-state', 'state'),
      calls: part('task-calls', 'calls'),
      events: part('task-events', 'events'),
    });
  }

  /** An arrow from the free to the use, at the first line that is said of it or when it goes through unnoticed. */
  private deadTouch(task: Task, operation: Operation<unknown>, at: Moment): void {
    const { memory } = operation;
    if (memory === null || memory.alive || operation === this.told) return;
    this.told = operation;
    const free = this.freed.get(memory);
    if (free !== undefined) this.builder.flow('free-use', free.track, free.at, this.tracksOf(task).state, at);
  }

  private addLines(reports: readonly ReportLines[]): void {
    const heads = new Map(reports.map((report) => [report.line, report]));
    for (let i = 0; i < this.lines.length; i++) {
      const { task, at, text } = this.lines[i];
      const report = heads.get(i);
      if (task !== null && (report !== undefined || text !== '')) {
        const name = report === undefined ? 'printk' : report.title;
        const flags = report === undefined ? 0 : REPORT;
        this.builder.instant(this.tracksOf(task).events, at, name, text, flags);
      }
      // The rest of a report stands in the log; sixty marks at one moment say no more than one.
      if (report !== undefined) i += Math.max(report.lines - 1, 0);
    }
  }

  /** From top to bottom: CPUs, tasks that did something, locks, and what the model added. */
  private order(): number[] {
    const RANK = { user: 0, kthread: 1, irq: 2 } as const;
    const tasks = this.tracks
      .filter((each) => each !== undefined && each.task.operations > 0)
      .sort(
        (a, b) =>
          RANK[this.view.taskName(a.task).kind] - RANK[this.view.taskName(b.task).kind] ||
          a.task.index - b.task.index,
      )
      .flatMap(({ group, state, calls, events }) => [group, state, calls, events]);
    const added = (['srcu', 'timers', 'counters'] as const).flatMap((heading) => {
      const tracks = [...this.keyed.values()].filter((each) => each.heading === heading);
      return tracks.length === 0 ? [] : [this.groups[heading], ...tracks.map(({ track }) => track)];
    });
    const { cpus, tasks: all, locks } = this.groups;
    return [cpus, ...(this.cpuTime?.cpuTracks ?? []), all, ...tasks, locks, ...this.locks.tracks(), ...added];
  }
}

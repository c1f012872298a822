import { Cell } from '../../sim/cell.ts';
import { runningTask, runningTaskOrNull } from '../../sim/machine-in-force.ts';
import type { Observer } from '../../sim/observer.ts';
import { together } from '../../sim/observers.ts';
import type { Operation } from '../../sim/operation.ts';
import type { Frame, Task } from '../../sim/task.ts';
import type { Checker } from '../checker.ts';
import type { Kernel } from '../kernel.ts';
import { isInlined } from '../kfunc.ts';
import { in_task } from '../kernel/sched/core.ts';
import { formatEntry } from '../stack.ts';
import { HappensBefore } from './kcsan/happens-before.ts';
import { print_report, traceOf, type Race } from './kcsan/report.ts';
import { Shadow, touchOf, type AccessRecord } from './kcsan/shadow.ts';

/**
 * (KCSAN) Reports data races: two accesses of one variable, one of them a write, one of them plain, that nothing
 * puts in order. Each pair of places is reported once.
 *
 * The kernel's KCSAN stops tasks at watchpoints and sees who comes by; this one keeps the order of what happened
 * (happens-before.ts) and so reports a race of a run even where the two accesses are far apart in it. The rules of
 * what is worth a report are the kernel's: KCSAN_ASSUME_PLAIN_WRITES_ATOMIC, KCSAN_REPORT_VALUE_CHANGE_ONLY,
 * KCSAN_IGNORE_ATOMICS.
 *
 * Verified: every variable that modelled code reads or writes by operations, with the marking that the C has.
 * Not verified:
 * - What one operation of the model does that is several accesses in C: lists of tasks, work lists, page table
 *   locks' insides. What the model keeps to one task or initialises without operations.
 * - Reordering. The model has one order of operations; barriers count here as order only. A missing barrier
 *   therefore shows as a race of the plain accesses that it should have ordered, and not if all are marked.
 * - Order that holds in this run by accident is taken for order: a lock that happened to be taken in between. A
 *   search over schedules finds the runs in which it was not.
 * - Order by control dependencies is not known, except that a marked read of a pointer orders what follows
 *   (the LKMM orders only what depends on it): data published by a flag needs a release and an acquire.
 *   Conditional atomics (cmpxchg, inc_not_zero) count as full barriers also when they fail.
 * - Per-CPU data that is safe because preemption or interrupts are off; freeing as an access; unknown origins;
 *   KCSAN's assertions.
 */
export const kcsan: Checker = {
  name: 'kcsan',
  enabled: (config) => config.KCSAN,
  attach: (kernel) => {
    const { machine } = kernel;
    const detector = new Detector(kernel);
    machine.observer = machine.observer === null ? detector : together([machine.observer, detector]);
    kernel.hooks.on('barrier', (kind) => {
      detector.order.barrier(runningTask(), kind);
    });
  },
};

/** Programs of the guest have no functions of the kernel on their stacks while they are about their own business. */
function inKernel(top: Frame | null): boolean {
  for (let frame = top; frame !== null; frame = frame.caller) {
    if (frame.symbol !== null && !isInlined(frame.symbol)) return true;
  }
  return false;
}

class Detector implements Observer {
  readonly order = new HappensBefore();
  private readonly shadow = new Shadow();
  private readonly told = new Set<string>();
  private before: unknown = undefined;

  constructor(private readonly kernel: Kernel) {}

  spawned(task: Task): void {
    this.order.spawned(task, runningTaskOrNull());
  }

  ended(task: Task): void {
    this.order.ended(task);
  }

  performing(_task: Task, { object }: Operation<unknown>): void {
    if (object instanceof Cell) this.before = object.value;
  }

  operation(task: Task, operation: Operation<unknown>, result: unknown): void {
    const { object } = operation;
    // Before the task learns or tells anything by the access itself: a marked access orders others, not itself.
    if (object instanceof Cell) this.check(task, operation, object);
    this.order.performed(task, operation, result);
  }

  private check(task: Task, operation: Operation<unknown>, cell: Cell<unknown>): void {
    const { ordering } = operation;
    const marked = ordering !== 'plain';
    if (ordering === 'racy' || (marked && this.kernel.config.KCSAN_IGNORE_ATOMICS)) return;
    if (!inKernel(task.top)) return;
    const clock = this.order.clockOf(task);
    const access: AccessRecord = {
      task,
      count: clock.of(task.index),
      touch: touchOf(operation),
      marked,
      before: this.before,
      after: cell.value,
      frame: task.top,
      cpu: task.cpu % this.kernel.cpus,
      inTask: task.context !== undefined && task.context !== null && in_task(),
    };
    for (const earlier of this.shadow.record(cell, access, clock)) {
      const race = this.asRace(cell, earlier, access);
      if (race !== null) this.report(race);
    }
  }

  /** Who would have seen it from a watchpoint: a plain access, and rather a read, which sees the value change. */
  private asRace(cell: Cell<unknown>, earlier: AccessRecord, later: AccessRecord): Race | null {
    const [reader, writer] = earlier.touch === 'read' ? [earlier, later] : [later, earlier];
    for (const [watcher, other] of [
      [reader, writer],
      [writer, reader],
    ]) {
      if (this.watches(watcher) && this.worthTelling(other)) return { cell, watcher, other };
    }
    return null;
  }

  /** Aligned words are assumed to be written in one go, if KCSAN is told so. */
  private watches({ marked, touch }: AccessRecord): boolean {
    return !marked && !(touch === 'write' && this.kernel.config.KCSAN_ASSUME_PLAIN_WRITES_ATOMIC);
  }

  /** A watchpoint that sees no change keeps silent, except where RCU's maintainers want to hear of it. */
  private worthTelling(other: AccessRecord): boolean {
    if (!this.kernel.config.KCSAN_REPORT_VALUE_CHANGE_ONLY) return true;
    if (other.touch !== 'read' && !Object.is(other.before, other.after)) return true;
    return /rcu_|_s?rcu/.test(traceOf(other)[0].symbol);
  }

  private report(race: Race): void {
    const [mine, theirs] = [race.watcher, race.other].map((access) => formatEntry(traceOf(access)[0]));
    if (this.told.has(`${mine} ${theirs}`) || this.told.has(`${theirs} ${mine}`)) return;
    this.told.add(`${mine} ${theirs}`);
    print_report(race);
  }
}

import { runningTask } from '../../../sim/machine-in-force.ts';
import { current, type TaskStruct } from '../../include/sched.ts';
import { config } from '../../kernel.ts';
import type { Acquisition, HeldLock, LockdepMap } from '../../kernel/locking/lockdep.ts';
import { stack_trace, type StackEntry } from '../../stack.ts';
import { ChainNode } from './chains.ts';
import {
  ClassTable,
  ENABLED_BIT,
  IN_HARDIRQ,
  IN_SOFTIRQ,
  type LockClass,
  READ_BIT,
  USED,
  USED_READ,
  waitMax,
  waitNumber,
} from './classes.ts';
import { addDependency, findForwards } from './graph.ts';
import { changesIrqState, connectsIrqStates } from './irq.ts';
import { reportCircular, reportDeadlock, reportUnlockImbalance, reportWaitContext } from './reports.ts';

/**
 * PROVE_LOCKING: learns from every acquisition in which order classes of locks are taken and in which contexts,
 * and reports an order or a context that can end in a deadlock, whether or not it did.
 *
 * Verifies: recursion, circular dependencies, use in and outside of interrupts, wait contexts, unlock balance.
 * Does not verify: that the right lock is held. Each of its functions ends at the first report, which
 * switches lock debugging off.
 *
 * Models: kernel/locking/lockdep.c. Its books are no part of the machine's state: which of two tasks is the one
 * to close a circle depends on the order of operations that commute otherwise.
 */
export class Lockdep {
  private readonly classes = new ClassTable();
  /** Chains begin here, one tree for each kind of context: tasks, softirqs, hardirqs. */
  private readonly roots = [new ChainNode(), new ChainNode(), new ChainNode()];

  /** What was learned so far: for /proc/lockdep and its like. */
  books(): LockdepBooks {
    const classes = this.classes.all();
    const chains = this.roots.flatMap((root, irqContext) =>
      root.chains().map((held) => ({ irqContext, classes: held.map((index) => classes[index]) })),
    );
    return { classes, chains };
  }

  acquire(acquisition: Acquisition, ip: StackEntry): void {
    this.validateAndHold(acquisition, ip, false);
  }

  sync(map: LockdepMap, ip: StackEntry): void {
    this.validateAndHold({ map }, ip, true);
  }

  release(map: LockdepMap): void {
    const { held_locks } = current();
    const at = held_locks.findLastIndex((held) => held.map === map || coveredBy(held, map));
    if (at < 0) {
      reportUnlockImbalance(map, runningTask());
      return;
    }
    const held = held_locks[at];
    if (held.references > 1) {
      held.references--;
      return;
    }
    held_locks.splice(at, 1);
    this.rechain(held_locks, at);
  }

  downgrade(map: LockdepMap): void {
    const { held_locks } = current();
    const at = held_locks.findLastIndex((held) => held.map === map);
    if (at < 0) return;
    held_locks[at].read = 1;
    this.rechain(held_locks, at);
  }

  /** Interrupts of a kind are enabled again: all held locks are held with them enabled from now on. */
  markHeld(kind: 'hardirq' | 'softirq'): void {
    const me = current();
    const base = (kind === 'hardirq' ? IN_HARDIRQ : IN_SOFTIRQ) | ENABLED_BIT;
    for (const held of me.held_locks) {
      if (held.check && !this.mark(held, held.read === 0 ? base : base | READ_BIT)) return;
    }
  }

  private validateAndHold(acquisition: Acquisition, ip: StackEntry, sync: boolean): void {
    const me = current();
    const next = this.heldLock(me, acquisition, ip, sync);
    const last = me.held_locks.at(-1);
    if (next.nest !== null && last?.lockClass === next.lockClass && !sync) {
      last.references = Math.max(last.references, 1) + 1;
      return;
    }
    if (!checkWaitContext(me, next) || !this.markUsage(me, next)) return;

    const head = last?.irqContext !== next.irqContext;
    const { node, fresh } = (head ? this.roots[next.irqContext] : last.chain).extend(next);
    next.chain = node;
    if (fresh && !next.trylock && next.check && !this.checkDependencies(me.held_locks, next, head)) return;
    if (!sync) me.held_locks.push(next);
  }

  private heldLock(me: TaskStruct, acquisition: Acquisition, ip: StackEntry, sync: boolean): HeldLock {
    const { map, subclass = 0, trylock = false, read = 0, check = true, nest = null } = acquisition;
    return {
      map,
      lockClass: this.classes.of(map, subclass),
      ip,
      read,
      trylock,
      check,
      sync,
      nest,
      irqContext: me.hardirq_context > 0 ? 2 : softirqContext(me) > 0 ? 1 : 0,
      references: 0,
      chain: this.roots[0],
    };
  }

  /** False if something was reported. */
  private checkDependencies(held: readonly HeldLock[], next: HeldLock, head: boolean): boolean {
    const recursion = findRecursion(held, next);
    if (recursion === 'nested') return true;
    if (recursion !== null) {
      reportDeadlock(recursion, next);
      return false;
    }
    if (head) return true;
    for (let i = held.length - 1; i >= 0 && held[i].irqContext === next.irqContext; i--) {
      const prev = held[i];
      if (!prev.check) continue;
      if (!this.checkDependency(prev, next)) return false;
      // What came before it has its own dependency on it. A trylock has none.
      if (!prev.trylock) break;
    }
    return true;
  }

  private checkDependency(prev: HeldLock, next: HeldLock): boolean {
    const circle = findForwards(
      next,
      (step) => step.lockClass === prev.lockClass && (prev.read === 0 || !step.onlyRecursive),
    );
    if (circle !== null) {
      reportCircular(circle, prev, next);
      return false;
    }
    if (connectsIrqStates(prev, next)) return false;
    addDependency(prev, next, save_trace(['lock_acquire'], next));
    return true;
  }

  /** Notes in which context a class is used. False if that was reported. */
  private markUsage(me: TaskStruct, next: HeldLock): boolean {
    const read = next.read === 0 ? 0 : READ_BIT;
    const bits: number[] = [];
    if (next.check && !next.trylock) {
      if (me.hardirq_context > 0) bits.push(IN_HARDIRQ | read);
      if (softirqContext(me) > 0) bits.push(IN_SOFTIRQ | read);
    }
    if (next.check && !next.sync && me.irqs_disabled === 0) {
      bits.push(IN_HARDIRQ | ENABLED_BIT | read);
      if (softirqsEnabled(me)) bits.push(IN_SOFTIRQ | ENABLED_BIT | read);
    }
    for (const bit of bits) if (!this.mark(next, bit)) return false;
    return this.mark(next, read === 0 ? USED : USED_READ);
  }

  private mark(held: HeldLock, bit: number): boolean {
    const { lockClass } = held;
    if ((lockClass.usage & (1 << bit)) !== 0) return true;
    lockClass.usage |= 1 << bit;
    lockClass.usageTraces[bit] = save_trace(['lock_acquire'], held);
    return !changesIrqState(held, bit);
  }

  /** Finds the chains of held locks from `at` on anew, after a change in the middle. */
  private rechain(held: HeldLock[], at: number): void {
    for (let i = at; i < held.length; i++) {
      const prev = held[i - 1];
      const same = prev?.irqContext === held[i].irqContext;
      held[i].chain = (same ? prev.chain : this.roots[held[i].irqContext]).extend(held[i]).node;
    }
  }
}

/** The classes in order of first use, and the sequences in which they were held: 0 in tasks, 1 softirqs, 2 hardirqs. */
export interface LockdepBooks {
  readonly classes: readonly LockClass[];
  readonly chains: readonly { readonly irqContext: number; readonly classes: readonly LockClass[] }[];
}

/** The stack that is kept for later reports: from the outermost lockdep function on. */
function save_trace(innermost: readonly string[], held: HeldLock): readonly StackEntry[] {
  return stack_trace(runningTask(), held.sync ? ['lock_sync'] : innermost);
}

const softirqsEnabled = (me: TaskStruct): boolean =>
  (me.preempt_count & 0xff00) === 0 && me.softirq_disable_cnt === 0;

/** A lock that was taken under a nest lock when another of its class was held already stands behind that one. */
function coveredBy(held: HeldLock, map: LockdepMap): boolean {
  return (
    held.references > 1 &&
    held.map.classes.some((known) => known !== undefined && map.classes.includes(known))
  );
}

/** A held lock of the class of `next` that it would wait for; `nested` if a nest lock sees to that. */
function findRecursion(held: readonly HeldLock[], next: HeldLock): HeldLock | 'nested' | null {
  let nested = false;
  for (const prev of held) {
    if (prev.map === next.nest) nested = true;
    if (prev.lockClass !== next.lockClass) continue;
    if (next.read === 2 && prev.read !== 0) continue;
    return nested ? 'nested' : prev;
  }
  return null;
}

/** May something be taken here that waits as `next` does? False if that was reported. */
function checkWaitContext(me: TaskStruct, next: HeldLock): boolean {
  const { waitInner, waitOuter } = next.lockClass;
  if (waitInner === 0 || next.trylock) return true;
  const context = taskWaitContext(me);
  let allowed = context;
  for (const prev of me.held_locks) {
    if (prev.irqContext !== next.irqContext || prev.lockClass.waitInner === 0) continue;
    allowed =
      prev.lockClass.kind === 'override'
        ? prev.lockClass.waitInner
        : Math.min(allowed, prev.lockClass.waitInner);
  }
  if ((waitOuter === 0 ? waitInner : waitOuter) <= allowed) return true;
  reportWaitContext(next, context);
  return false;
}

function taskWaitContext(me: TaskStruct): number {
  if (me.hardirq_context > 0) return waitNumber('spin');
  return softirqContext(me) > 0 ? waitNumber('config') : waitMax();
}

/** lockdep_softirq_enter() counts nothing with PREEMPT_RT, where soft interrupts are a matter of threads. */
export function softirqContext(task: TaskStruct): number {
  return config().PREEMPT_RT ? 0 : task.softirq_context;
}

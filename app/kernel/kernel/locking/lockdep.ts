import { runningTask, runningTaskOrNull } from '../../../sim/machine-in-force.ts';
import type { Memory } from '../../../sim/memory.ts';
import { SimObject } from '../../../sim/object.ts';
import { print_held_locks, print_kernel_ident } from '../../checkers/lockdep/print.ts';
import { Lockdep, type LockdepBooks } from '../../checkers/lockdep/lockdep.ts';
import type { LockClass } from '../../checkers/lockdep/classes.ts';
import type { ChainNode } from '../../checkers/lockdep/chains.ts';
import { kernelGlobal } from '../../globals.ts';
import { current, currentOrNull, TASK_RUNNING, type TaskStruct } from '../../include/sched.ts';
import { config, kernel } from '../../kernel.ts';
import { debug_locks, debug_locks_off } from '../../lib/debug_locks.ts';
import { pr_warn } from '../../printk.ts';
import { callingFunction, thisFunction, type StackEntry } from '../../stack.ts';
import { dump_stack } from '../../lib/dump_stack.ts';
import { task_state } from '../sched/core.ts';
import { WARN_ON } from '../panic.ts';
import { lockStatistics, type LockStat } from './lock_stat.ts';

/**
 * How a lock waits: not told (`inv`), not at all (`free`), spinning (`spin`), spinning or sleeping as PREEMPT_RT
 * is configured (`config`), sleeping (`sleep`).
 */
export type WaitType = 'inv' | 'free' | 'spin' | 'config' | 'sleep';

export interface WaitTypes {
  /** What may be taken inside. */
  readonly inner?: WaitType;
  /** What the lock may be taken inside of; the same as `inner` if not given. */
  readonly outer?: WaitType;
}

/** `percpu`: a local_lock, which no interrupt waits for. `override`: sets the context instead of narrowing it. */
export type LockKind = 'normal' | 'percpu' | 'override';

/** struct lockdep_map - what lockdep knows a lock by. Locks with one name are one class. */
export class LockdepMap extends SimObject {
  /** By subclass, filled in by the checker at first use. */
  readonly classes: (LockClass | undefined)[] = [];
  /** The CPU that made it: for LOCK_STAT the first one that had it. */
  readonly madeOn = (runningTaskOrNull()?.cpu ?? 0) % kernel().cpus;

  constructor(
    /** As reports show it: `&mm->mmap_lock`. */
    override readonly name: string,
    readonly wait: WaitTypes = {},
    memory: Memory | null = null,
    readonly kind: LockKind = 'normal',
  ) {
    super(memory);
  }
}

/** struct held_lock - one entry of a task's list of held locks. */
export interface HeldLock {
  readonly map: LockdepMap;
  readonly lockClass: LockClass;
  /** Where it was taken. */
  readonly ip: StackEntry;
  /** 0 exclusive, 1 for reading, 2 for reading and fine with being nested. */
  read: 0 | 1 | 2;
  readonly trylock: boolean;
  /** False: only listed, no part of dependencies (RCU). */
  readonly check: boolean;
  /** Waits for all holders instead of holding. */
  readonly sync: boolean;
  readonly nest: LockdepMap | null;
  /** 0 task, 1 softirq, 2 hardirq. */
  readonly irqContext: number;
  /** More acquisitions of the same class under one nest lock. */
  references: number;
  /** The held locks up to here, as a node of the tree of chains seen so far. */
  chain: ChainNode;
}

export interface Acquisition {
  readonly map: LockdepMap;
  readonly subclass?: number;
  readonly trylock?: boolean;
  readonly read?: 0 | 1 | 2;
  /** False to list the lock without checking dependencies. */
  readonly check?: boolean;
  /** A lock that is held and serialises several of this class. */
  readonly nest?: LockdepMap | null;
  /** Where it is taken; without it, the caller of the function that runs. */
  readonly ip?: StackEntry;
}

const checker = kernelGlobal('lockdep', () => new Lockdep());

/** What the checker has learned, for those who show it. */
export const lockdepBooks = (): LockdepBooks => checker().books();

/** The checker, or null where it is not compiled in, was switched off by a report, or no task runs. */
function lockdep(): Lockdep | null {
  return config().PROVE_LOCKING && debug_locks() && currentOrNull() !== null ? checker() : null;
}

/** The statistics, or null where they are not compiled in, are off with all lock debugging, or no task runs. */
function lockStat(): LockStat | null {
  return config().LOCK_STAT && debug_locks() && currentOrNull() !== null ? lockStatistics() : null;
}

/** Is there lockdep in this kernel, for whatever purpose? Without it locks have no `dep_map`. */
export const hasLockdep = (): boolean => config().PROVE_LOCKING || config().LOCK_STAT;

/** lock_acquire() - the running task is about to take a lock, or (trylock) has just got it. */
export function lock_acquire(acquisition: Acquisition): void {
  lockdep()?.acquire(acquisition, acquisition.ip ?? callingFunction(runningTask()));
  const statistics = lockStat();
  if (statistics === null) return;
  const { map, subclass = 0, read = 0, nest = null } = acquisition;
  statistics.acquire({
    task: current(),
    map,
    subclass,
    read: read !== 0,
    nested: nest !== null,
    at: acquisition.ip ?? callingFunction(runningTask()),
    now: kernel().machine.now,
  });
}

/** What lock functions call. `map` is null where there is no lockdep. */
export function acquire(
  map: LockdepMap | null,
  subclass = 0,
  trylock = false,
  read: 0 | 1 | 2 = 0,
  nest: LockdepMap | null = null,
): void {
  if (map !== null) lock_acquire({ map, subclass, trylock, read, nest });
}

/** lock_release() - the running task is about to let go of a lock. */
export function lock_release(map: LockdepMap | null): void {
  if (map === null) return;
  lockStat()?.release(current(), map, kernel().machine.now);
  lockdep()?.release(map);
}

/** lock_sync() - the running task is about to wait for all holders. */
export function lock_sync(map: LockdepMap, ip?: StackEntry): void {
  lockdep()?.sync(map, ip ?? thisFunction(runningTask()));
}

/** lock_downgrade() - a lock held for writing is held for reading from now on. */
export function lock_downgrade(map: LockdepMap | null): void {
  if (map === null) return;
  lockStat()?.downgrade(current(), map, kernel().machine.now);
  lockdep()?.downgrade(map);
}

/** might_lock() - checks as if the lock was taken here. */
export function might_lock(map: LockdepMap, read: 0 | 1 | 2 = 0): void {
  const state = lockdep();
  if (state === null) return;
  state.acquire({ map, read }, thisFunction(runningTask()));
  lock_release(map);
}

/** Does the running task hold the lock? True where nobody knows. `read`: -1 either way, 0 exclusively, 1 shared. */
export function lock_is_held(map: LockdepMap | null, read: -1 | 0 | 1 = -1): boolean {
  if (map === null || lockdep() === null) return true;
  return current().held_locks.some(
    (held) => held.map === map && (read === -1 || (held.read === 0) === (read === 0)),
  );
}

/** lockdep_assert_held() - warns if the running task does not hold the lock. `site`: where it says so. */
export function lockdep_assert_held(lock: { readonly dep_map: LockdepMap | null }, site: string): void {
  WARN_ON(!lock_is_held(lock.dep_map), site);
}

export function lockdep_assert_held_write(lock: { readonly dep_map: LockdepMap | null }, site: string): void {
  WARN_ON(!lock_is_held(lock.dep_map, 0), site);
}

export function lockdep_assert_held_read(lock: { readonly dep_map: LockdepMap | null }, site: string): void {
  WARN_ON(!lock_is_held(lock.dep_map, 1), site);
}

/** Hard interrupts are enabled again. */
export function lockdep_hardirqs_on(): void {
  lockdep()?.markHeld('hardirq');
}

/** Soft interrupts are enabled again. */
export function lockdep_softirqs_on(): void {
  lockdep()?.markHeld('softirq');
}

/** debug_show_held_locks() - the block of lines in other reports that lists what a task holds. */
export function debug_show_held_locks(task: TaskStruct): void {
  if (!config().PROVE_LOCKING) return;
  if (!debug_locks()) pr_warn('INFO: lockdep is turned off.');
  else print_held_locks(task, listed(task));
}

/** debug_show_all_locks() - what every task holds, for the hung-task detector and sysrq. */
export function debug_show_all_locks(): void {
  if (!config().PROVE_LOCKING) return;
  if (!debug_locks()) {
    pr_warn('INFO: lockdep is turned off.');
    return;
  }
  pr_warn('\nShowing all locks held in the system:');
  for (const { context } of kernel().machine.tasks) {
    const task = (context ?? null) as TaskStruct | null;
    if (task !== null && task.held_locks.length > 0) print_held_locks(task, listed(task));
  }
  pr_warn('\n=============================================\n');
}

/** The list of a task that runs somewhere else is not to be relied on. */
const listed = (task: TaskStruct): boolean => task === currentOrNull() || task_state(task) !== TASK_RUNNING;

/** lockdep_sys_exit() - on the way back to user space: no lock may be held. */
export function lockdep_sys_exit(): void {
  const me = current();
  if (me.held_locks.length === 0 || lockdep() === null) return;
  debug_locks_off();
  pr_warn('');
  pr_warn('================================================');
  pr_warn('WARNING: lock held when returning to user space!');
  print_kernel_ident();
  pr_warn('------------------------------------------------');
  pr_warn(`${me.comm}/${me.pid} is leaving the kernel with locks still held!`);
  print_held_locks(me, true);
}

/** debug_check_no_locks_held() - at the end of a task. */
export function debug_check_no_locks_held(): void {
  const me = current();
  if (me.held_locks.length === 0 || lockdep() === null) return;
  debug_locks_off();
  pr_warn('');
  pr_warn('====================================');
  pr_warn(`WARNING: ${me.comm}/${me.pid} still has locks held!`);
  print_kernel_ident();
  pr_warn('------------------------------------');
  print_held_locks(me, true);
  pr_warn('\nstack backtrace:');
  dump_stack();
}

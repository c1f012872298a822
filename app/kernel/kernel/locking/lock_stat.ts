import { kernelGlobal } from '../../globals.ts';
import type { TaskStruct } from '../../include/sched.ts';
import type { StackEntry } from '../../stack.ts';
import { LockTime } from './lock_time.ts';
import type { LockdepMap } from './lockdep.ts';

/** LOCKSTAT_POINTS: so many places are told apart in each class. */
export const LOCKSTAT_POINTS = 4;

/** A place in the code, and how often it was there. */
export interface LockPoint {
  readonly at: StackEntry;
  count: number;
}

/** struct lock_class_stats - what is counted of one class of locks. */
export class LockClassStats {
  readonly wait = { read: new LockTime(), write: new LockTime() };
  readonly hold = { read: new LockTime(), write: new LockTime() };
  /** Contentions and acquisitions on another CPU than the one that had the lock last. */
  readonly contendedBounces = { read: 0, write: 0 };
  readonly acquiredBounces = { read: 0, write: 0 };
  /** Where somebody waited. */
  readonly contentionPoints: LockPoint[] = [];
  /** Where the one had taken the lock who was waited for. */
  readonly contendingPoints: LockPoint[] = [];

  constructor(
    /** As lockdep prints it, without subclass. */
    readonly name: string,
    readonly subclass: number,
  ) {}

  get contentions(): number {
    return this.wait.read.count + this.wait.write.count;
  }
}

/** What a lock itself remembers: struct lockdep_map has these two for LOCK_STAT only. */
interface LastOwner {
  cpu: number;
  at: StackEntry | null;
}

/** The part of struct held_lock that is about time. */
interface Hold {
  readonly map: LockdepMap;
  readonly stats: LockClassStats;
  readonly at: StackEntry;
  mode: 'read' | 'write';
  since: number;
  /** When the wait began; -1 if there was none. */
  waiting: number;
  references: number;
}

/**
 * LOCK_STAT: for every class of locks how often it was waited for, where, and for how long, and how long it was held.
 *
 * Models: kernel/locking/lockdep.c with its own books, so that it needs no PROVE_LOCKING. Like the kernel it begins
 * to count a hold where the lock is asked for, or where the wait for it ends; it counts a hold when that is over;
 * and where locks are not released in the order opposite to that of taking, those taken later count anew.
 */
export class LockStat {
  private readonly byName = new Map<string, LockClassStats>();
  private readonly held = new Map<TaskStruct, Hold[]>();
  private readonly owners = new Map<LockdepMap, LastOwner>();

  /** In order of first use. */
  get classes(): readonly LockClassStats[] {
    return [...this.byName.values()];
  }

  acquire(asked: Asked): void {
    const { task, map, subclass, read, nested, at, now } = asked;
    const holds = this.holdsOf(task);
    const stats = this.statsOf(map.name, subclass);
    const last = holds.at(-1);
    if (nested && last?.stats === stats) {
      last.references++;
      return;
    }
    const mode = read ? 'read' : 'write';
    holds.push({ map, stats, at, mode, since: now, waiting: -1, references: 1 });
  }

  release(task: TaskStruct, map: LockdepMap, now: number): void {
    const holds = this.holdsOf(task);
    let index = holds.findLastIndex((hold) => hold.map === map);
    if (index < 0) index = holds.findLastIndex((hold) => hold.references > 1 && hold.map.name === map.name);
    if (index < 0) return;
    const hold = holds[index];
    if (hold.map === map) hold.stats.hold[hold.mode].add(now - hold.since);
    if (--hold.references > 0) return;
    holds.splice(index, 1);
    // reacquire_held_locks() takes those behind it anew.
    for (let i = index; i < holds.length; i++) holds[i].since = now;
  }

  downgrade(task: TaskStruct, map: LockdepMap, now: number): void {
    const hold = this.find(task, map);
    if (hold === undefined) return;
    hold.mode = 'read';
    hold.since = now;
  }

  /** lock_contended() - the lock that the task has asked for cannot be had at once. */
  contended(task: TaskStruct, map: LockdepMap, cpu: number, now: number): void {
    const hold = this.find(task, map);
    if (hold === undefined || hold.waiting >= 0) return;
    hold.waiting = now;
    const owner = this.ownerOf(map);
    count(hold.stats.contentionPoints, hold.at);
    if (owner.at !== null) count(hold.stats.contendingPoints, owner.at);
    if (owner.cpu !== cpu) hold.stats.contendedBounces[hold.mode]++;
  }

  /** lock_acquired() - the task has got the lock that it has asked for, after a wait or at once. */
  acquired(task: TaskStruct, map: LockdepMap, cpu: number, now: number): void {
    const hold = this.find(task, map);
    if (hold === undefined) return;
    if (hold.waiting >= 0) {
      hold.since = now;
      // No time at all counts as no wait.
      if (now > hold.waiting) hold.stats.wait[hold.mode].add(now - hold.waiting);
    }
    const owner = this.ownerOf(map);
    if (owner.cpu !== cpu) hold.stats.acquiredBounces[hold.mode]++;
    owner.cpu = cpu;
    owner.at = hold.at;
  }

  private find(task: TaskStruct, map: LockdepMap): Hold | undefined {
    return this.held.get(task)?.findLast((hold) => hold.map === map);
  }

  private holdsOf(task: TaskStruct): Hold[] {
    let holds = this.held.get(task);
    if (holds === undefined) this.held.set(task, (holds = []));
    return holds;
  }

  private ownerOf(map: LockdepMap): LastOwner {
    let owner = this.owners.get(map);
    if (owner === undefined) this.owners.set(map, (owner = { cpu: map.madeOn, at: null }));
    return owner;
  }

  private statsOf(name: string, subclass: number): LockClassStats {
    const key = subclass === 0 ? name : `${name}/${subclass}`;
    let stats = this.byName.get(key);
    if (stats === undefined) this.byName.set(key, (stats = new LockClassStats(name, subclass)));
    return stats;
  }
}

/** lock_acquire() as LOCK_STAT sees it. */
export interface Asked {
  readonly task: TaskStruct;
  readonly map: LockdepMap;
  readonly subclass: number;
  readonly read: boolean;
  /** Several of one class under one nest lock are one hold. */
  readonly nested: boolean;
  readonly at: StackEntry;
  readonly now: number;
}

export const lockStatistics = kernelGlobal('lock_stat', () => new LockStat());

/** lock_point() - further places than LOCKSTAT_POINTS are not counted. */
function count(points: LockPoint[], at: StackEntry): void {
  const known = points.find((point) => point.at === at);
  if (known !== undefined) known.count++;
  else if (points.length < LOCKSTAT_POINTS) points.push({ at, count: 1 });
}

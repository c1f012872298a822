import type { Hold, SimObject } from '../../sim/object.ts';
import type { Operation } from '../../sim/operation.ts';
import { commute, type Access } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';

/** What is known of an object: who touches it how, in any execution so far. */
interface Use {
  /** By task: its accesses, each once. */
  readonly accesses: Map<number, Access[]>;
  /** Two tasks touch it in ways that do not commute. */
  contended: boolean;
  /** Locks that everybody had who touched it: alone, or together with others and only to read. Null: nobody touched it. */
  guards: readonly number[] | null;
  /** Locks that everybody had alone who changed it: who has one of them looks at it undisturbed. */
  changeGuards: readonly number[] | null;
  /** Nothing but waiting acquisitions and releases was seen on it. */
  plainLock: boolean;
  /** Touches of which nothing is to be learnt any more: who, how, and with which locks. */
  readonly known: Set<number>;
  /** Of memory: locks and sections that do not keep it alive. Any other that a user is in is taken to do so. */
  readonly powerless: Set<number>;
}

/**
 * Which operations nobody else can interfere with, learnt from the executions so far. Such an operation can be performed
 * at once, whatever others could do: they all commute with it.
 *
 * That is so for operations on objects that only one task touches, or all in ways that commute; on objects that are
 * touched under a lock alone, by who has the lock; and for releases of locks for which others only wait. That memory
 * may be freed does not matter to who uses it under a lock, or in a section of readers, which it never was freed under.
 *
 * What was learnt may turn out wrong in a later execution (`news`): then whatever was concluded from it is void.
 */
export class Sharing {
  /** Something was learnt since this was last set to false. */
  news = false;
  private readonly uses = new Map<number, Use>();
  /** By task: locks that it has. */
  private readonly held: SimObject[][] = [];
  /** By task: a number for these locks, and how they are held. */
  private readonly sets: number[] = [];
  private readonly lockSets = new Map<string, number>();
  /** By task, for each lock that it has: memory that it has used since it took the lock. */
  private readonly usedUnder: Map<SimObject, Set<number>>[] = [];

  /** Before an execution. */
  begin(): void {
    this.held.length = 0;
    this.sets.length = 0;
    this.usedUnder.length = 0;
  }

  /** Can nobody interfere with the operation, as far as is known? */
  isPrivate(task: Task, operation: Operation<unknown>): boolean {
    const { object, also, memory, access } = operation;
    // Any operation may be a task's last one.
    if (this.isWatched(task)) return false;
    if (operation.kind === 'release' && this.uses.get(object.id)?.plainLock === true) {
      return memory === null || this.isKept(task, memory);
    }
    return (
      this.isFree(task, object, operation.conditional && access === 'add' ? 'write' : access) &&
      (also === null || this.isFree(task, also, 'read')) &&
      (memory === null || memory === object || this.isKept(task, memory))
    );
  }

  /** Takes in an operation that was performed. */
  performed(task: Task, operation: Operation<unknown>): void {
    const { object, also, memory, access, kind, conditional } = operation;
    const plain = kind === 'release' || (kind === 'acquire' && conditional && access === 'write');
    this.touch(task, object, conditional && access === 'add' ? 'write' : access, plain);
    if (also !== null) this.touch(task, also, 'read', false);
    if (memory !== null && memory !== object) {
      this.touch(task, memory, 'read', false);
      for (const used of this.usedBy(task).values()) used.add(memory.id);
    }
    if (kind === 'free') this.noteFree(task, object);
    const locks = this.locksOf(task);
    if (kind === 'release' || locks.includes(object) || object.hold(task) !== 'none')
      this.noteHold(task, object);
  }

  /** A task touches memory that is dead: nothing that it has keeps it alive. */
  touchesDead(task: Task, { id }: SimObject): void {
    for (const lock of this.locksOf(task)) this.learnPowerless(id, lock);
  }

  /** The task has ended, or was stopped: others may wait for that. */
  ended(task: Task): void {
    this.touch(task, task, 'write', false);
  }

  /** Does anybody look at what another one changes there? */
  isWatched(object: SimObject): boolean {
    return this.uses.get(object.id)?.contended === true;
  }

  private isFree(task: Task, object: SimObject, access: Access): boolean {
    const use = this.uses.get(object.id);
    if (use?.contended !== true) return true;
    if (access === 'read' && use.changeGuards?.some((lock) => this.holdOf(task, lock) !== 'none') === true)
      return true;
    return use.guards?.some((lock) => enough(this.holdOf(task, lock), access)) === true;
  }

  /** Is memory kept alive by anything that the task has, as far as is known? */
  private isKept(task: Task, { id }: SimObject): boolean {
    const use = this.uses.get(id);
    if (use?.contended !== true) return true;
    return this.locksOf(task).some((lock) => !use.powerless.has(lock.id) && lock.hold(task) !== 'none');
  }

  /** Memory is freed: what others have who use it did not keep it alive. */
  private noteFree(task: Task, { id }: SimObject): void {
    for (const [index, usedUnder] of this.usedUnder.entries()) {
      if (index === task.index) continue;
      for (const [lock, used] of usedUnder) if (used.has(id)) this.learnPowerless(id, lock);
    }
  }

  private learnPowerless(memory: number, lock: SimObject): void {
    const use = this.uses.get(memory);
    if (use === undefined || use.powerless.has(lock.id)) return;
    use.powerless.add(lock.id);
    if (use.contended) this.news = true;
  }

  private usedBy({ index }: Task): Map<SimObject, Set<number>> {
    while (this.usedUnder.length <= index) this.usedUnder.push(new Map());
    return this.usedUnder[index];
  }

  private holdOf(task: Task, lock: number): Hold {
    const locks = this.locksOf(task);
    for (const held of locks) if (held.id === lock) return held.hold(task);
    return 'none';
  }

  /** An operation may have changed what the task has. */
  private noteHold(task: Task, object: SimObject): void {
    const locks = this.locksOf(task);
    const usedUnder = this.usedBy(task);
    if (object.hold(task) !== 'none' && !locks.includes(object)) {
      locks.push(object);
      usedUnder.set(object, new Set());
    }
    for (let at = locks.length - 1; at >= 0; at--) {
      if (locks[at].hold(task) !== 'none') continue;
      usedUnder.delete(locks[at]);
      locks.splice(at, 1);
    }
    const name = locks.map((held) => `${held.id}${held.hold(task)}`).join();
    const set = this.lockSets.get(name) ?? this.lockSets.size;
    this.lockSets.set(name, set);
    this.sets[task.index] = set;
  }

  private locksOf({ index }: Task): SimObject[] {
    while (this.held.length <= index) this.held.push([]);
    return this.held[index];
  }

  private touch(task: Task, object: SimObject, access: Access, plain: boolean): void {
    let use = this.uses.get(object.id);
    if (use === undefined) {
      use = {
        ...{ accesses: new Map(), contended: false, guards: null, changeGuards: null, plainLock: true },
        ...{ known: new Set(), powerless: new Set() },
      };
      this.uses.set(object.id, use);
    }
    const set = this.sets[task.index] ?? -1;
    const touch = (((set + 1) * TASKS + task.index) * 4 + ACCESSES.indexOf(access)) * 2 + (plain ? 1 : 0);
    if (use.known.has(touch)) return;
    use.known.add(touch);
    if (use.plainLock && !plain) {
      use.plainLock = false;
      if (use.contended) this.news = true;
    }
    this.learnAccess(use, task, access);
    const guards = this.common(use.guards, task, access);
    const changeGuards = access === 'read' ? use.changeGuards : this.common(use.changeGuards, task, access);
    if (use.contended && (isFewer(guards, use.guards) || isFewer(changeGuards, use.changeGuards)))
      this.news = true;
    use.guards = guards;
    use.changeGuards = changeGuards;
  }

  /** Those of the locks, or of all if there are none yet, that the task has in a way that is enough for the access. */
  private common(locks: readonly number[] | null, task: Task, access: Access): readonly number[] {
    const candidates = locks ?? this.locksOf(task).map(({ id }) => id);
    return candidates.filter((lock) => enough(this.holdOf(task, lock), access));
  }

  private learnAccess(use: Use, { index }: Task, access: Access): void {
    const own = use.accesses.get(index);
    if (own === undefined) use.accesses.set(index, [access]);
    else if (!own.includes(access)) own.push(access);
    else return;
    if (use.contended) return;
    for (const [other, accesses] of use.accesses) {
      if (other === index || accesses.every((theirs) => commute(theirs, access))) continue;
      use.contended = true;
      this.news = true;
      return;
    }
  }
}

const isFewer = (now: readonly number[] | null, before: readonly number[] | null): boolean =>
  before !== null && (now?.length ?? 0) < before.length;

const ACCESSES: readonly Access[] = ['read', 'write', 'add', 'share'];
/** More tasks than any program has. */
const TASKS = 0x10000;

/** Does a lock that is held so keep away all that does not commute with the access? */
function enough(hold: Hold, access: Access): boolean {
  return hold === 'exclusive' || (hold === 'shared' && access === 'read');
}

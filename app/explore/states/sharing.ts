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
  guards: readonly SimObject['id'][] | null;
  /** Nothing but waiting acquisitions and releases was seen on it. */
  plainLock: boolean;
  /** Touches of which nothing is to be learnt any more: who, how, and with which locks. */
  readonly known: Set<number>;
}

/**
 * Which operations nobody else can interfere with, learnt from the executions so far. Such an operation can be performed
 * at once, whatever others could do: they all commute with it.
 *
 * That is so for operations on objects that only one task touches, or all in ways that commute; on objects that are
 * touched under a lock alone, by who has the lock; and for releases of locks for which others only wait.
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

  /** Before an execution. */
  begin(): void {
    this.held.length = 0;
    this.sets.length = 0;
  }

  /** Can nobody interfere with the operation, as far as is known? */
  isPrivate(task: Task, operation: Operation<unknown>): boolean {
    const { object, also, memory, access } = operation;
    // Any operation may be a task's last one.
    if (this.isWatched(task)) return false;
    if (operation.kind === 'release' && this.uses.get(object.id)?.plainLock === true) {
      return memory === null || this.isFree(task, memory, 'read');
    }
    return (
      this.isFree(task, object, operation.conditional && access === 'add' ? 'write' : access) &&
      (also === null || this.isFree(task, also, 'read')) &&
      (memory === null || memory === object || this.isFree(task, memory, 'read'))
    );
  }

  /** Takes in an operation that was performed. */
  performed(task: Task, operation: Operation<unknown>): void {
    const { object, also, memory, access, kind, conditional } = operation;
    const plain = kind === 'release' || (kind === 'acquire' && conditional && access === 'write');
    this.touch(task, object, conditional && access === 'add' ? 'write' : access, plain);
    if (also !== null) this.touch(task, also, 'read', false);
    if (memory !== null && memory !== object) this.touch(task, memory, 'read', false);
    if (kind === 'acquire' || kind === 'release') this.noteHold(task, object);
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
    return use.guards?.some((lock) => enough(this.holdOf(task, lock), access)) === true;
  }

  private holdOf(task: Task, lock: number): Hold {
    const locks = this.locksOf(task);
    for (const held of locks) if (held.id === lock) return held.hold(task);
    return 'none';
  }

  private noteHold(task: Task, lock: SimObject): void {
    const locks = this.locksOf(task);
    const at = locks.indexOf(lock);
    const holds = lock.hold(task) !== 'none';
    if (holds && at < 0) locks.push(lock);
    else if (!holds && at >= 0) locks.splice(at, 1);
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
      use = { accesses: new Map(), contended: false, guards: null, plainLock: true, known: new Set() };
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
    if (use.guards === null) {
      use.guards = this.locksOf(task)
        .filter((lock) => enough(lock.hold(task), access))
        .map(({ id }) => id);
    } else if (use.guards.length > 0) {
      const kept = use.guards.filter((lock) => enough(this.holdOf(task, lock), access));
      if (kept.length < use.guards.length) {
        use.guards = kept;
        if (use.contended) this.news = true;
      }
    }
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

const ACCESSES: readonly Access[] = ['read', 'write', 'add', 'share'];
/** More tasks than any program has. */
const TASKS = 0x10000;

/** Does a lock that is held so keep away all that does not commute with the access? */
function enough(hold: Hold, access: Access): boolean {
  return hold === 'exclusive' || (hold === 'shared' && access === 'read');
}

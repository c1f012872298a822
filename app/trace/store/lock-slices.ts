import type { SimObject } from '../../sim/object.ts';
import type { Task } from '../../sim/task.ts';
import type { Moment, TraceBuilder } from './builder.ts';
import { Overlapping } from './overlapping.ts';
import type { Holder, TraceView } from './view.ts';

interface LockTrack {
  readonly object: SimObject;
  readonly track: number;
  /** By task, who has it and how. */
  holds: Map<Task, { readonly key: object; readonly shared: boolean }>;
  waits: Map<Task, object>;
  contended: number;
}

/** Of locks with one name for which nobody had to wait so many are shown: each VMA has one, and each page table. */
const MOST_OF_A_NAME = 4;

/** Who has a lock and who waits for it, a track for each lock. */
export class LockSlices {
  private readonly locks = new Map<SimObject, LockTrack>();
  private readonly slices: Overlapping;

  constructor(
    private readonly builder: TraceBuilder,
    private readonly view: TraceView,
    private readonly group: number,
  ) {
    this.slices = new Overlapping(builder);
  }

  /** An operation took or let go of the object, or tried to. */
  changed(object: SimObject, at: Moment): void {
    const holders = this.view.holdersOf(object);
    if (holders === null) return;
    const lock = this.lockOf(object);
    for (const [task, { key, shared }] of lock.holds) {
      if (holders.some((holder) => holder.task === task && holder.shared === shared)) continue;
      this.slices.close(lock.track, key, at);
      lock.holds.delete(task);
    }
    for (const holder of holders) if (!lock.holds.has(holder.task)) this.hold(lock, holder, at);
  }

  waits(task: Task, object: SimObject, at: Moment): void {
    if (this.view.holdersOf(object) === null) return;
    const lock = this.lockOf(object);
    if (lock.waits.has(task)) return;
    const key = {};
    lock.waits.set(task, key);
    lock.contended++;
    this.slices.open(lock.track, key, at, { name: this.nameOf(task), category: 'wait', detail: 'waits' });
  }

  /** The task goes on: whatever it waited for, it waits no more. */
  goesOn(task: Task, object: SimObject, at: Moment): void {
    const lock = this.locks.get(object);
    const key = lock?.waits.get(task);
    if (lock === undefined || key === undefined) return;
    lock.waits.delete(task);
    this.slices.close(lock.track, key, at);
  }

  /** Tracks to show: those with contention first, then by name. */
  tracks(): number[] {
    const all = [...this.locks.values()].sort(
      (a, b) =>
        b.contended - a.contended ||
        (a.object.name < b.object.name ? -1 : a.object.name > b.object.name ? 1 : a.object.id - b.object.id),
    );
    const shown = new Map<string, number>();
    return all
      .filter(({ contended, object: { name } }) => {
        const others = shown.get(name) ?? 0;
        shown.set(name, others + 1);
        return contended > 0 || others < MOST_OF_A_NAME;
      })
      .map(({ track }) => track);
  }

  private hold(lock: LockTrack, { task, shared }: Holder, at: Moment): void {
    const key = {};
    lock.holds.set(task, { key, shared });
    const category = shared ? 'hold-shared' : 'hold';
    this.slices.open(lock.track, key, at, {
      name: this.nameOf(task),
      category,
      detail: shared ? 'holds it for reading' : 'holds it',
    });
  }

  private lockOf(object: SimObject): LockTrack {
    let lock = this.locks.get(object);
    if (lock === undefined) {
      const { name, memory } = object;
      const track = this.builder.track({
        parent: this.group,
        kind: 'lock',
        name,
        description: memory === null ? name : `${name} of ${memory.name}`,
      });
      lock = { object, track, holds: new Map(), waits: new Map(), contended: 0 };
      this.locks.set(object, lock);
    }
    return lock;
  }

  private nameOf(task: Task): string {
    return this.view.taskName(task).name;
  }
}

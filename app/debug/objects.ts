import { Cell } from '../sim/cell.ts';
import type { Machine } from '../sim/machine.ts';
import { machineInForce } from '../sim/machine-in-force.ts';
import type { SimObject } from '../sim/object.ts';
import type { Observer } from '../sim/observer.ts';
import type { Operation } from '../sim/operation.ts';
import type { Task } from '../sim/task.ts';
import { HlistNode } from '../kernel/include/hlist.ts';
import { Kvm } from '../kernel/include/kvm_host.ts';
import { ListHead } from '../kernel/include/list.ts';
import type { MmStruct } from '../kernel/include/mm_types.ts';
import { MmuNotifier } from '../kernel/include/mmu_notifier.ts';
import type { TaskStruct } from '../kernel/include/sched.ts';
import { ExclusiveLock } from '../kernel/kernel/locking/raw_spinlock.ts';
import { SharedLock } from '../kernel/kernel/locking/shared_lock.ts';
import { TimerCell, type Timer } from '../kernel/kernel/time/timer.ts';
import { kernelOf } from './world.ts';

export type AnyLock = ExclusiveLock | SharedLock;

/** The variable that a list begins with: `first` of a head, wherever it stands. */
export type ListStart = Cell<HlistNode<MmuNotifier> | null>;

/**
 * The objects of a kernel that inspectors show, gathered while it runs: those that have died are in no list of the
 * kernel any more, and those on a stack never were.
 */
export class KernelObjects implements Observer {
  readonly mms = new Set<MmStruct>();
  readonly kvms = new Set<Kvm>();
  readonly notifiers = new Set<MmuNotifier>();
  readonly listStarts = new Set<ListStart>();
  readonly locks = new Set<AnyLock>();
  readonly timers = new Set<Timer>();
  machine: Machine | null = null;

  spawned(): void {
    if (this.machine !== null) return;
    this.machine = machineInForce();
    kernelOf(this.machine).hooks.on('mmCreated', (mm) => this.mms.add(mm));
  }

  performing(_task: Task, { object, kind }: Operation<unknown>): void {
    if (kind === 'acquire' && isLock(object)) this.locks.add(object);
  }

  operation(_task: Task, { object, kind }: Operation<unknown>): void {
    if (!(object instanceof Cell)) return;
    if (object instanceof TimerCell) this.timers.add(object.timer);
    else if (kind === 'write' || kind === 'rmw') this.written(object);
  }

  /** The machine is paused: also what was made before anything was performed. */
  settle(machine: Machine): void {
    for (const { context } of machine.tasks) {
      const mm = (context as TaskStruct | null)?.mm.value ?? null;
      if (mm !== null) this.mms.add(mm);
    }
    for (const kvm of this.kvms) this.notifiers.add(kvm.mmu_notifier);
  }

  private written(cell: Cell<unknown>): void {
    const { value } = cell;
    if (value instanceof HlistNode) {
      if (!(value.owner instanceof MmuNotifier)) return;
      this.notifiers.add(value.owner);
      if (cell.field.endsWith('.first')) this.listStarts.add(cell as ListStart);
    } else if (value instanceof ListHead && value.owner instanceof Kvm) {
      this.kvms.add(value.owner);
    }
  }
}

export function isLock(object: SimObject): object is AnyLock {
  return object instanceof ExclusiveLock || object instanceof SharedLock;
}

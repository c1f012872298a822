import { kernelOf } from './world.ts';
import { Cell } from '../sim/cell.ts';
import type { Memory } from '../sim/memory.ts';
import { machineInForce } from '../sim/machine-in-force.ts';
import type { SimObject } from '../sim/object.ts';
import type { Operation } from '../sim/operation.ts';
import type { Frame, Task } from '../sim/task.ts';
import { PF_KTHREAD, TASK_INTERRUPTIBLE, type TaskStruct } from '../kernel/include/sched.ts';
import type { MmStruct } from '../kernel/include/mm_types.ts';
import { isInlined } from '../kernel/kfunc.ts';
import { ExclusiveLock } from '../kernel/kernel/locking/raw_spinlock.ts';
import { SharedLock } from '../kernel/kernel/locking/shared_lock.ts';
import { RcuReaders } from '../kernel/kernel/rcu/tree.ts';
import { SrcuCount } from '../kernel/kernel/rcu/srcu_readers.ts';
import { TimerCell } from '../kernel/kernel/time/timer.ts';
import { FreePages } from '../kernel/mm/page_limit.ts';
import type { SliceText } from '../trace/store/builder.ts';
import type { Holder, TaskName, TraceSink, TraceView, Wait } from '../trace/store/view.ts';
import { SrcuTracks } from './srcu-tracks.ts';

/** Fields that are drawn as counters, with their units. */
const COUNTERS: ReadonlyMap<string, string> = new Map([
  ['mm_users', ''],
  ['mm_count', ''],
  ['mn_active_invalidate_count', ''],
  ['mmu_invalidate_in_progress', ''],
  ['mmu_notifier_count', ''],
  ['rss_stat[MM_FILEPAGES]', 'pages'],
  ['rss_stat[MM_ANONPAGES]', 'pages'],
  ['rss_stat[MM_SWAPENTS]', 'pages'],
  ['rss_stat[MM_SHMEMPAGES]', 'pages'],
  ['pgtables_bytes', 'bytes'],
]);

/** How the modelled kernel's runs are recorded. */
export class KernelTraceView implements TraceView {
  private readonly srcu = new SrcuTracks();
  private readonly counters: { readonly track: number; readonly field: string; readonly memory: Memory }[] =
    [];
  private readonly mms = new Map<Memory, MmStruct>();
  /** Whose address space it was last: at the end many have no owner any more. */
  private readonly owners = new Map<Memory, string>();
  /** Whose callback a task has just looked up: what it calls next is the callback. */
  private readonly lookedUp = new Map<Task, object>();
  private attached = false;

  taskName(task: Task): TaskName {
    const tsk = structOf(task);
    if (tsk === null) return { name: task.label, pid: null, kind: 'irq' };
    const name = tsk.pid > 0 ? `${tsk.comm}/${tsk.pid}` : task.label;
    return { name, pid: tsk.pid, kind: (tsk.flags & PF_KTHREAD) === 0 ? 'user' : 'kthread' };
  }

  callText({ symbol }: Frame): SliceText | null {
    if (symbol === null) return null;
    return { name: symbol.name, category: isInlined(symbol) ? 'inlined' : 'function' };
  }

  holdersOf(object: SimObject): readonly Holder[] | null {
    if (object instanceof ExclusiveLock) {
      return object.owner === null ? NOBODY : [{ task: object.owner, shared: false }];
    }
    if (!(object instanceof SharedLock)) return null;
    if (object.writer !== null) return [{ task: object.writer, shared: false }];
    return [...new Set(object.readers)].map((task) => ({ task, shared: true }));
  }

  waitOf(task: Task, { kind, object }: Operation<unknown>): Wait {
    const holders = object.holders().filter((holder) => holder !== object);
    const by =
      holders.length === 0 ? '' : `, held by ${holders.map((each) => this.taskName(each).name).join(', ')}`;
    const detail = `${object.name}${by}`;
    const state = structOf(task)?.__state.value ?? 0;
    const sleeps = kind !== 'acquire' && (state & TASK_INTERRUPTIBLE) !== 0;
    return { state: sleeps ? 'sleeping' : 'blocked', detail };
  }

  performed(task: Task, operation: Operation<unknown>, result: unknown, sink: TraceSink): void {
    if (!this.attached) this.attach();
    const { object, kind } = operation;
    if (object instanceof SrcuCount) {
      if (kind === 'rmw') this.srcu.counted(object, task, this.taskName(task).name, sink);
    } else if (object instanceof TimerCell) {
      armed(object, sink);
    } else if (object instanceof Cell) {
      this.cell(object, operation, result, task, sink);
    } else if (object instanceof RcuReaders) {
      if (kind === 'acquire' || kind === 'release')
        this.srcu.rcu(object, kind, task, this.taskName(task).name, sink);
    } else if (object instanceof FreePages) {
      const track = sink.track(object, 'counters', () => ({
        kind: 'counter',
        name: 'free pages',
        unit: 'pages',
      }));
      sink.sample(track, object.free);
    }
  }

  entered(task: Task, _frame: Frame, sink: TraceSink): void {
    const callback = this.lookedUp.get(task);
    if (callback === undefined) return;
    this.lookedUp.delete(task);
    sink.to(callback, task);
  }

  /** Names that are known only at the end: whose address space a counter is of. */
  renamed(): [track: number, name: string][] {
    return this.counters.map(({ track, field, memory }) => [
      track,
      `${field} (${this.owners.get(memory) ?? memory.name})`,
    ]);
  }

  private attach(): void {
    this.attached = true;
    // The first process is made before anything is performed.
    for (const { context } of machineInForce().tasks) {
      const mm = (context as TaskStruct | null)?.mm.value;
      if (mm !== null && mm !== undefined) this.mms.set(mm.memory, mm);
    }
    kernelOf(machineInForce()).hooks.on('mmCreated', (mm) => this.mms.set(mm.memory, mm));
  }

  private cell(
    cell: Cell<unknown>,
    { kind }: Operation<unknown>,
    result: unknown,
    task: Task,
    sink: TraceSink,
  ): void {
    const { field } = cell;
    if (kind === 'read') {
      if (typeof cell.value === 'function' && field.endsWith('func')) this.lookedUp.set(task, cell);
      return;
    }
    if (kind !== 'write' && kind !== 'rmw') return;
    const unit = COUNTERS.get(field);
    if (unit !== undefined && typeof cell.value === 'number' && cell.memory !== null) {
      sink.sample(this.counter(cell, cell.memory, unit, sink), cell.value);
    } else if (field.endsWith('srcu_gp_seq')) {
      this.srcu.gracePeriod(cell, sink);
    } else if (field === '__state') {
      const sleeper = result === true && kind === 'rmw' ? sleeperOf(cell) : null;
      if (sleeper !== null && sleeper !== task) sink.woke(sleeper);
    } else if (typeof cell.value === 'function' && field.endsWith('func')) {
      sink.from('callback', cell, task);
    }
  }

  private counter(cell: Cell<unknown>, memory: Memory, unit: string, sink: TraceSink): number {
    const { field } = cell;
    let made = false;
    const track = sink.track(cell, 'counters', () => {
      made = true;
      return { kind: 'counter', name: field, unit, description: `${field} of ${memory.name}` };
    });
    if (made) this.counters.push({ track, field, memory });
    const owner = this.mms.get(memory)?.owner.value ?? null;
    if (owner !== null) this.owners.set(memory, `${owner.comm}/${owner.pid}`);
    return track;
  }
}

const NOBODY: readonly Holder[] = [];

function structOf(task: Task): TaskStruct | null {
  return task.context as TaskStruct | null;
}

function armed({ timer, value }: TimerCell, sink: TraceSink): void {
  const name = nameOfFunction(timer.func) ?? timer.path;
  const track = sink.track(timer, 'timers', () => ({
    kind: 'timer',
    name,
    description: timer.path === '' ? timer.memory.name : `${timer.memory.name}->${timer.path.slice(0, -1)}`,
  }));
  sink.close(track, timer);
  if (value.due !== null) {
    sink.open(track, timer, { name, category: 'armed', detail: `due at ${(value.due / 1e9).toFixed(6)} s` });
  }
}

/** The kernel's name of a function that is kept in a variable. */
export function nameOfFunction(func: unknown): string | null {
  const symbol = (func as { symbol?: { name?: unknown } } | null)?.symbol;
  return typeof symbol?.name === 'string' ? symbol.name : null;
}

function sleeperOf(state: Cell<unknown>): Task | null {
  return machineInForce().tasks.find((task) => (structOf(task)?.__state as unknown) === state) ?? null;
}

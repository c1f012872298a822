import type { Body } from '../../../sim/call.ts';
import { Cell } from '../../../sim/cell.ts';
import { Lock } from '../../../sim/lock.ts';
import { Memory } from '../../../sim/memory.ts';
import { join, spawn } from '../../../sim/spawn.ts';
import type { Task } from '../../../sim/task.ts';
import { inOrder, machineWith } from '../../../sim/testing/programs.ts';
import { Execution } from '../execution.ts';

/** Runs tasks in the order of the names given and gives what happened. A touch of dead memory is said. */
export function watch<Shared>(
  order: string,
  setUp: () => Shared,
  tasks: Readonly<Record<string, (shared: Shared) => Body<unknown>>>,
): { execution: Execution; shared: Shared } {
  const { machine, shared } = machineWith(setUp, tasks);
  const execution = new Execution('report');
  machine.observer = execution;
  machine.onDeadAccess = (task, _operation, memory) => {
    execution.said(task, 'report', `BUG: use-after-free of ${memory.name}`);
    return 'abandon';
  };
  machine.run(inOrder(order));
  return { execution, shared };
}

/** A pointer to an object that one task uses while another takes it away. */
export function pointer() {
  const object = new Memory('slab', 'item', 64, 0x1000);
  return {
    object,
    lock: new Lock('&list_lock'),
    head: new Cell<Memory | null>(object, 'head'),
    value: new Cell(7, 'value', object),
    done: new Cell(0, 'done'),
  };
}
export type Pointer = ReturnType<typeof pointer>;

/** Looks the object up under the lock and uses it after. */
export function* user({ lock, head, value }: Pointer): Body<void> {
  yield* lock.acquire();
  const found = yield* head.read();
  yield* lock.release();
  if (found !== null) yield* value.read();
}

/** Takes the object off under the lock and frees it. */
export function* remover({ lock, head, object }: Pointer): Body<void> {
  yield* lock.acquire();
  yield* head.write(null);
  yield* lock.release();
  yield* object.free();
}

/** Starts a task and waits for its end. */
export function* parent(child: (shared: Pointer) => Body<unknown>, shared: Pointer): Body<Task> {
  const task = yield* spawn({ label: 'child', body: () => child(shared) });
  yield* join(task);
  return task;
}

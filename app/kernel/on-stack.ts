import type { Frame, Task } from '../sim/task.ts';
import type { TaskStruct } from './include/sched.ts';
import { config, kernel } from './kernel.ts';
import { isInlined } from './kfunc.ts';
import { KernelMemory, remembers, trackOf } from './tracking.ts';

/** A local variable of the function that runs: its memory dies when the function returns. */
export function stackObject(task: Task, label: string, size: number): KernelMemory {
  const frame = task.top;
  if (frame === null) throw new Error('no frame to put a struct on');
  const stack = stackOfTask(task);
  const below = stack.size - 0x100 - (frame.depth + 1) * 0x80 - (frame.locals?.length ?? 0) * 0x20;
  const memory = new KernelMemory('stack', label, size, stack.address + Math.max(below, 0x80));
  memory.stack = stack;
  memory.frame = functionOf(frame);
  if (remembers('stack')) memory.origin = trackOf(task);
  (frame.locals ??= []).push(memory);
  return memory;
}

function stackOfTask(task: Task): KernelMemory {
  const tsk = task.context as TaskStruct | null;
  if (tsk === null) return newStack(task.label);
  return (tsk.stack ??= newStack(tsk.comm));
}

/** Memory for the stack of a task: a vmalloc area of its own (VMAP_STACK). */
export function newStack(comm: string): KernelMemory {
  // Twice as big with KASAN: KASAN_STACK_ORDER.
  const size = config().KASAN ? 0x8000 : 0x4000;
  return new KernelMemory('stack', `stack of ${comm}`, size, kernel().addresses.place('stack', size));
}

function functionOf(frame: Frame): string {
  let at: Frame | null = frame;
  while (at !== null && (at.symbol === null || isInlined(at.symbol))) at = at.caller;
  return at?.symbol?.name ?? 'ret_from_fork_asm';
}

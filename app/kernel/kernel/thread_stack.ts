import { Cell } from '../../sim/cell.ts';
import type { TaskStruct } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { smp_processor_id } from '../lib/dump_stack.ts';
import { newStack } from '../on-stack.ts';
import type { KernelMemory } from '../tracking.ts';

/** Stacks that each CPU keeps for the next fork: NR_CACHED_STACKS. */
const NR_CACHED_STACKS = 2;

type Cache = Cell<readonly KernelMemory[]>;

const cached_stacks = kernelGlobal('cached_stacks', () =>
  Array.from(
    { length: kernel().cpus },
    (_, cpu) => new Cell<readonly KernelMemory[]>([], `cached_stacks/${cpu}`),
  ),
);

/**
 * alloc_thread_stack_node() - gives a new task its stack: one that the CPU kept, or a fresh vmalloc area.
 *
 * Context: the parent, in fork. Return: 0. Models: kernel/fork.c with VMAP_STACK.
 */
export const alloc_thread_stack_node = kfunc('alloc_thread_stack_node', function* (tsk: TaskStruct) {
  const kept = yield* cacheOfThisCpu().update((stacks) => stacks.slice(1));
  tsk.stack = kept.length > 0 ? kept[0] : newStack(tsk.comm);
  return 0;
});

/**
 * free_thread_stack() - takes a dead task's stack away. The CPU keeps up to two: what still points into such a
 * stack finds mapped memory there.
 *
 * Context: who switches away from a dead task; who drops the last reference to one that never ran.
 * Models: kernel/fork.c. Leaves out: the grace period of RCU before a stack is freed for which there is no room.
 */
export const free_thread_stack = kfunc('free_thread_stack', function* (tsk: TaskStruct) {
  const { stack } = tsk;
  if (stack === null) return;
  tsk.stack = null;
  // do_exit() never returned: what stood on its callers' frames ends with the stack.
  for (let frame = tsk.thread.top; frame !== null; frame = frame.caller) {
    for (const local of frame.locals ?? []) yield* local.free();
  }
  const before = yield* cacheOfThisCpu().update((stacks) =>
    stacks.length < NR_CACHED_STACKS ? [...stacks, stack] : stacks,
  );
  if (before.length >= NR_CACHED_STACKS) yield* stack.free();
});

function cacheOfThisCpu(): Cache {
  const caches = cached_stacks();
  return caches[smp_processor_id() % caches.length];
}

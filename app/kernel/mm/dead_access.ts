import type { DeadAccess } from '../../sim/observer.ts';
import type { Operation } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';
import { page_fault_oops } from '../arch/x86/mm/fault.ts';
import type { Checker } from '../checker.ts';
import { config, kernel, type Kernel } from '../kernel.ts';
import { WARN } from '../kernel/panic.ts';
import { rewindStack } from '../kernel/task_death.ts';
import { addressOf } from '../struct.ts';
import { KernelMemory } from '../tracking.ts';
import { accessOf } from './kasan/access.ts';
import { kasan_report, kasan_report_invalid_free } from './kasan/report.ts';

/**
 * What a touch of dead memory leads to: with KASAN a report, and then in any case what the hardware does.
 *
 * | memory | KASAN says | then |
 * |---|---|---|
 * | slab | slab-use-after-free | the stale value |
 * | pages | use-after-free | the stale value |
 * | vmalloc | vmalloc-out-of-bounds (KASAN_VMALLOC) | a page fault; the task dies |
 * | frame of a stack that is mapped | nothing | the stale value; Scythe's own invariant tells |
 * | stack that was freed | vmalloc-out-of-bounds (KASAN_VMALLOC) | a page fault; the task dies |
 */
export const deadAccess: Checker = {
  name: 'dead-access',
  enabled: () => true,
  attach: (kernel: Kernel) => {
    kernel.machine.onDeadAccess = (task, operation, memory) =>
      memory instanceof KernelMemory ? touch(task, operation, memory) : 'continue';
  },
};

function touch(task: Task, operation: Operation<unknown>, memory: KernelMemory): DeadAccess {
  if (operation.kind === 'free') return freeTwice(task, memory);
  const access = accessOf(operation, memory);
  if (memory.stack?.alive === true) {
    kernel().hooks.emit('deadFrame', task, access);
    return 'continue';
  }
  const mapped = memory.kind === 'slab' || memory.kind === 'page';
  if (config().KASAN && (mapped || config().KASAN_VMALLOC)) kasan_report(access);
  if (mapped) return 'continue';
  // The sanitizer's own function has looked and returned: the instruction after it faults.
  page_fault_oops({ ...access, innermost: access.innermost.filter((name) => !name.startsWith('kasan_')) });
  rewindStack(task, true);
  return 'rewound';
}

function freeTwice(task: Task, memory: KernelMemory): DeadAccess {
  kernel().hooks.emit('doubleFree', task, memory);
  if (memory.kind === 'slab' || memory.kind === 'page') {
    if (config().KASAN) kasan_report_invalid_free(memory);
  } else {
    WARN(true, 'mm/vmalloc.c:3426', `Trying to vfree() nonexistent vm area (${addressOf(memory)})`);
  }
  return 'continue';
}

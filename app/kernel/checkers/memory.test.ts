import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import type { Memory } from '../../sim/memory.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import type { Kernel } from '../kernel.ts';
import { alloc_thread_stack_node, free_thread_stack } from '../kernel/thread_stack.ts';
import { kfree, kzalloc } from '../mm/slab.ts';
import { titlesOf } from '../report/titles.ts';
import { onStack, Struct } from '../struct.ts';
import { addKthread, addTask, bareKernel, dmesg, golden, runInTurn, within } from '../testing/memory.ts';

class ListHead extends Struct {
  readonly first;

  constructor(memory: Memory) {
    super(memory);
    this.first = this.field<number>('first', 0);
  }
}

// oom_reaper: puts a list head on its stack, publishes it, returns
// simple_kvm: writes through the pointer that was left
function writeToDeadFrame(config: { SCYTHE_INVARIANTS: boolean }): Kernel {
  const kernel = bareKernel({ config });
  let head: ListHead | null = null;
  addKthread(kernel, 'oom_reaper', 37, () =>
    within(['oom_reaper', '__oom_reap_task_mm', 'mmu_notifier_oom_enter'], function* () {
      head = onStack(ListHead, 'oom_list', 8);
      yield* head.first.write(1);
    }),
  );
  addTask(kernel, 'simple_kvm', 66, () =>
    within(
      ['__fput', 'kvm_vm_release', 'mmu_notifier_unregister', 'hlist_del_init_rcu'],
      function* (): Body<void> {
        for (let i = 0; i < 2; i++) yield* head!.first.write(0);
      },
    ),
  ).user = true;
  runInTurn(kernel);
  return kernel;
}

describe('the invariant of stack frames', () => {
  test('reports a write into the frame of a function that has returned, with both stacks, once', async () => {
    const kernel = writeToDeadFrame({ SCYTHE_INVARIANTS: true });
    const titles = ['SCYTHE: use of a dead stack frame in mmu_notifier_unregister'];
    expect(titlesOf(dmesg(kernel))).toEqual(titles);
    await expect(golden(kernel, titles)).toMatchFileSnapshot('golden/dead-stack-frame.golden');
  });

  test('says nothing when it is switched off, and neither does KASAN', () => {
    expect(dmesg(writeToDeadFrame({ SCYTHE_INVARIANTS: false }))).toEqual([]);
  });

  test('says nothing about a frame that is still there', () => {
    const kernel = bareKernel({ config: { SCYTHE_INVARIANTS: true } });
    addTask(kernel, 'sh', 63, () =>
      within(['f'], function* () {
        const head = onStack(ListHead, 'list', 8);
        yield* within(['g'], () => touch(head));
      }),
    );
    runInTurn(kernel);
    expect(dmesg(kernel)).toEqual([]);
  });
});

describe('the stack of a task that is gone', () => {
  /** `stacks` tasks of one CPU are freed one after the other; then somebody looks at the last one's stack. */
  function lookAtFreedStack(stacks: number): string[] {
    const kernel = bareKernel();
    let head: ListHead | null = null;
    const tasks = Array.from({ length: stacks }, (_, i) =>
      addTask(kernel, `task${i}`, 100 + i, () =>
        within(['f'], function* () {
          head = onStack(ListHead, 'list', 8);
          yield* touch(head);
        }),
      ),
    );
    addTask(kernel, 'sh', 63, function* () {
      for (const task of tasks) yield* free_thread_stack(task);
      yield* within(['g'], () => touch(head!));
    });
    runInTurn(kernel);
    return titlesOf(dmesg(kernel));
  }

  test('stays mapped while its CPU keeps it for the next fork', () => {
    expect(lookAtFreedStack(2)).toEqual(['SCYTHE: use of a dead stack frame in g']);
  });

  test('is out of bounds once it is freed', () => {
    expect(lookAtFreedStack(3)).toEqual([
      'KASAN: vmalloc-out-of-bounds Read in g',
      'BUG: unable to handle kernel paging request in g',
    ]);
  });

  test('is given to the next task by the CPU that kept it', () => {
    const kernel = bareKernel();
    const [old, next] = ['old', 'next'].map((comm, i) => addTask(kernel, comm, 70 + i, nothing));
    addTask(kernel, 'sh', 63, function* () {
      yield* alloc_thread_stack_node(old);
      const { stack } = old;
      yield* free_thread_stack(old);
      yield* alloc_thread_stack_node(next);
      expect(next.stack).toBe(stack);
    });
    runInTurn(kernel);
  });
});

describe('the invariant of address spaces and VMs', () => {
  function run(
    label: string,
    body: (object: ListHead) => Body<void>,
    config = { SCYTHE_INVARIANTS: true, KASAN: false },
  ) {
    const kernel = bareKernel({ config });
    addTask(kernel, 'sh', 63, () =>
      within(['f'], function* () {
        const object = yield* kzalloc(ListHead, GFP_KERNEL, { label, size: 1024 });
        yield* body(object!);
      }),
    ).user = true;
    runInTurn(kernel);
    return titlesOf(dmesg(kernel));
  }

  const once = function* (object: ListHead) {
    yield* kfree(object);
  };
  const twice = function* (object: ListHead) {
    yield* kfree(object);
    yield* kfree(object);
  };

  test('reports one that is left when all processes are gone', () => {
    expect(run('mm_struct', nothing)).toEqual(['SCYTHE: mm_struct leaked']);
    expect(run('kvm', once)).toEqual([]);
    expect(run('file', nothing)).toEqual([]);
    expect(run('mm_struct', nothing, { SCYTHE_INVARIANTS: false, KASAN: false })).toEqual([]);
  });

  test('reports one that is freed twice', () => {
    expect(run('kvm', twice)).toEqual(['SCYTHE: kvm freed twice']);
    expect(run('file', twice)).toEqual([]);
  });
});

function* touch(head: ListHead): Body<void> {
  yield* head.first.read();
}

function* nothing(): Body<void> {}

import { describe, expect, test } from 'vitest';
import { MmStruct } from '../include/mm_types.ts';
import { general_protection_fault } from '../arch/x86/kernel/traps.ts';
import { BUG } from '../kernel/bug.ts';
import { kfunc } from '../kfunc.ts';
import { WARN_ON } from '../kernel/panic.ts';
import { might_sleep, preempt_disable, preempt_enable } from '../kernel/sched/core.ts';
import { print_bad_pte } from '../mm/bad_pte.ts';
import { kmem_cache_alloc, kmem_cache_create } from '../mm/slab.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { bootForTest, dmesg, runTasks } from '../testing/boot.ts';
import { v4_14 } from '../trees/v4.14.ts';
import { v5_10 } from '../trees/v5.10.ts';
import { v6_1 } from '../trees/v6.1.ts';
import { v6_12 } from '../trees/v6.12.ts';
import type { Tree } from '../tree.ts';
import { titlesOf } from './titles.ts';
import { isNew } from './wording.ts';

/** The log of a task that does something on a tree. */
function logOf(tree: Tree, act: () => Generator<never, void>, config = {}): string[] {
  const kernel = bootForTest({ tree, config });
  runTasks(kernel, {
    *task() {
      yield* act();
    },
  });
  return dmesg(kernel);
}

function* sleepInside(): Generator<never, void> {
  preempt_disable();
  might_sleep('mm/x.c', 1);
  preempt_enable();
}

test.each([
  [v4_14, 'in_atomic(): 1, irqs_disabled(): 0, pid: 100, name: task', 1],
  [v5_10, 'in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 100, name: task', 1],
  [v6_1, 'in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 100, name: task', 3],
])('a sleeping-function splat of $name', (tree, second, lines) => {
  const log = logOf(tree, sleepInside, { DEBUG_ATOMIC_SLEEP: true, PREEMPT_RCU: true });
  expect(log[1]).toBe(second);
  const cpu = log.findIndex((line) => line.startsWith('CPU: '));
  expect(log.slice(1, cpu)).toHaveLength(lines);
  expect(log[cpu]).toMatch(/^CPU: \d PID: 100 Comm: task Not tainted/);
});

function* badPte(): Generator<never, void> {
  print_bad_pte({ pte: 0x25, pmd: 0, page: null, address: 0x1000, vm_flags: 0x75, index: 1 });
}

test('a bad page map names what the era has', () => {
  const old = logOf(v4_14, badPte);
  expect(old[0]).toBe('BUG: Bad page map in process task  pte:00000025 pmd:00000000');
  expect(old[1]).toContain('anon_vma:          (null) mapping:          (null) index:1');
  expect(old[2]).toMatch(/readpage: {10}\(null\)$/);
  expect(logOf(v6_12, badPte)[2]).toBe('file:(null) fault:0x0 mmap:0x0 read_folio:0x0');
});

const wording_test_bug = kfunc('wording_test_bug', function* () {
  yield* BUG('mm/x.c:1');
});
const wording_test_gpf = kfunc('wording_test_gpf', function* () {
  yield* general_protection_fault('dffffc0000000088');
});

describe('what kills a task', () => {
  test.each([
    [v6_1, 'invalid opcode: 0000 [#1]', 'general protection fault, probably'],
    [v6_12, 'Oops: invalid opcode: 0000 [#1]', 'Oops: general protection fault, probably'],
  ])('on $name', (tree, opcode, protection) => {
    const bug = bootForTest({ tree });
    runTasks(bug, {
      *task() {
        yield* wording_test_bug();
      },
    });
    expect(dmesg(bug).some((line) => line.startsWith(opcode))).toBe(true);
    expect(titlesOf(dmesg(bug))).toEqual(['kernel BUG at mm/x.c:1']);

    const gpf = bootForTest({ tree });
    runTasks(gpf, {
      *task() {
        yield* wording_test_gpf();
      },
    });
    expect(dmesg(gpf)[0].startsWith(protection)).toBe(true);
    expect(titlesOf(dmesg(gpf))).toHaveLength(1);
  });
});

test.each([
  [v5_10, '&mm->mmap_lock'],
  [v4_14, '&mm->mmap_sem'],
])('the lock of an address space on $name', (tree, name) => {
  const kernel = bootForTest({ tree });
  let found = '';
  runTasks(kernel, {
    *task() {
      const cache = kmem_cache_create('mm_struct', 1000);
      const mm = yield* kmem_cache_alloc(cache, MmStruct, GFP_KERNEL, 'mm_struct');
      found = mm?.mmap_lock.name ?? '';
    },
  });
  expect(found).toBe(name);
});

test('a warning of v7.3 names the task', () => {
  const v7_3: Tree = { ...v6_12, name: 'v7.3', release: '7.3.4' };
  const warn = function* (): Generator<never, void> {
    WARN_ON(true, 'mm/x.c:1');
  };
  expect(logOf(v7_3, warn)[1]).toMatch(/^WARNING: mm\/x\.c:1 at \S+, CPU#0: task\/100$/);
  expect(logOf(v6_12, warn)[1]).toMatch(/^WARNING: CPU: 0 PID: 100 at mm\/x\.c:1 /);
});

test('a release candidate is of its version', () => {
  expect(isNew('countsInSplat', { ...v6_12, release: '5.16.0-rc1' })).toBe(true);
  expect(isNew('countsInSplat', { ...v6_12, release: '5.15.0' })).toBe(false);
});

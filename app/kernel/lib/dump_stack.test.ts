import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { addKthread, addTask, bareKernel, dmesg, runInTurn, within } from '../testing/memory.ts';
import { normalise } from '../testing/normalise.ts';
import { add_taint } from '../kernel/taint.ts';
import { dump_stack } from './dump_stack.ts';

function* dump(innermost: readonly string[] = []): Body<void> {
  dump_stack(innermost);
}

const captured = readFileSync(new URL('../testing/captures/sleeping-function.txt', import.meta.url), 'utf8');

test('the dump of a system call is that of a real kernel, user registers and all', () => {
  const kernel = bareKernel();
  const sh = addTask(kernel, 'sh', 63, () =>
    within(
      [
        ...['entry_SYSCALL_64_after_hwframe', 'do_syscall_64', 'ksys_write', 'vfs_write', 'full_proxy_write'],
        ...['lab_oom_reap_task_write', '__oom_reap_task_mm', '__mmu_notifier_invalidate_range_start'],
        ...['kvm_mmu_notifier_invalidate_range_start', 'rt_spin_lock'],
      ],
      () => dump(['dump_stack_lvl', '__might_resched']),
    ),
  );
  sh.user = true;
  sh.mm.value = Object.create(null) as MmStruct;
  runInTurn(kernel);
  const lines = captured.trimEnd().split('\n');
  const from = lines.findIndex((line) => line.includes('CPU: '));
  expect(normalise(dmesg(kernel))).toEqual(normalise(lines.slice(from)));
  expect(dmesg(kernel).filter((line) => line.startsWith('RSP:'))[0]).toMatch(
    /^RSP: 002b:[0-9a-f]{16} EFLAGS: 00000202 ORIG_RAX: 0000000000000001$/,
  );
});

test('the dump of a kernel thread ends where its stack begins, without registers', () => {
  const kernel = bareKernel();
  addKthread(kernel, 'oom_reaper', 37, () => within(['oom_reaper'], () => dump()));
  runInTurn(kernel);
  expect(normalise(dmesg(kernel)).slice(-7)).toEqual([
    ' <TASK>',
    ' dump_stack_lvl',
    ' oom_reaper',
    ' kthread',
    ' ret_from_fork',
    ' ret_from_fork_asm',
    ' </TASK>',
  ]);
});

test('the line of the CPU has the exact blanks', () => {
  const first = (taint: boolean, preemptionModelInDumps: boolean) => {
    const kernel = bareKernel({ traits: { preemptionModelInDumps } });
    addTask(kernel, 'sh', 63, function* () {
      if (taint) add_taint('W', 'LOCKDEP_STILL_OK');
      yield* dump();
    });
    runInTurn(kernel);
    return dmesg(kernel).slice(0, 2);
  };
  expect(first(false, false)[0]).toBe('CPU: 0 UID: 0 PID: 63 Comm: sh Not tainted 6.12.117 #1 ');
  expect(first(true, false)).toEqual([
    'CPU: 0 UID: 0 PID: 63 Comm: sh Tainted: G        W          6.12.117 #1 ',
    'Tainted: [W]=WARN',
  ]);
  expect(first(false, true)[0]).toBe('CPU: 0 UID: 0 PID: 63 Comm: sh Not tainted 6.12.117 #1 PREEMPT_RT ');
});

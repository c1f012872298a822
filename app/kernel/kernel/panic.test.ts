import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { PF_EXITING } from '../include/sched.ts';
import { titlesOf } from '../report/titles.ts';
import { addKthread, addTask, bareKernel, dmesg, golden, runInTurn, within } from '../testing/memory.ts';
import { normalise } from '../testing/normalise.ts';
import { BUG_ON } from './bug.ts';
import { add_taint, WARN_ON, WARN_ON_ONCE } from './panic.ts';

const captured = (name: string) =>
  readFileSync(new URL(`../testing/captures/${name}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

function* warn(times = 1): Body<void> {
  for (let i = 0; i < times; i++) WARN_ON_ONCE(true, 'include/linux/maple_tree.h:829');
}

const EXIT = [
  ...['asm_exc_page_fault', 'irqentry_exit_to_user_mode', 'arch_do_signal_or_restart', 'get_signal'],
  ...['do_group_exit', 'do_exit', 'mmput', 'exit_mmap'],
];

describe('WARN', () => {
  test('prints what a real kernel prints', async () => {
    const kernel = bareKernel();
    const memhog = addTask(kernel, 'memhog', 78, () => within(EXIT, () => warn()));
    memhog.user = true;
    runInTurn(kernel);
    expect(normalise(dmesg(kernel))).toEqual(normalise(captured('warning')));
    expect(titlesOf(dmesg(kernel))).toEqual(['WARNING in exit_mmap']);
    await expect(golden(kernel, ['WARNING in exit_mmap'])).toMatchFileSnapshot('golden/warning.golden');
  });

  test('taints after it has printed, and leaves lock debugging on', () => {
    const kernel = bareKernel();
    addTask(kernel, 'sh', 63, function* () {
      yield* within(['first'], () => warn());
      WARN_ON(true, 'mm/mmap.c:1');
    });
    runInTurn(kernel);
    const cpu = dmesg(kernel).filter((line) => line.startsWith('CPU:'));
    expect(cpu.map((line) => /(Not tainted|Tainted)/.exec(line)?.[0])).toEqual(['Not tainted', 'Tainted']);
    expect(dmesg(kernel)).not.toContain('Disabling lock debugging due to kernel taint');
  });

  test('WARN_ON_ONCE says so once for each place and boot', () => {
    const kernel = bareKernel();
    addTask(kernel, 'sh', 63, () => within(['f'], () => warn(3)));
    runInTurn(kernel);
    expect(titlesOf(dmesg(kernel))).toEqual(['WARNING in f']);
  });

  test('ends the run with panic_on_warn', () => {
    const kernel = bareKernel({ append: { panic_on_warn: '' } });
    const later = kernel.machine.inside(() => new Cell(0, 'later'));
    addTask(kernel, 'sh', 63, function* () {
      yield* within(['f'], () => warn());
      yield* later.write(1);
    });
    runInTurn(kernel);
    expect(later.value).toBe(0);
    expect(dmesg(kernel).at(-1)).toContain('---[ end Kernel panic - not syncing: kernel: panic_on_warn set');
    expect(titlesOf(dmesg(kernel))).toEqual(['WARNING in f']);
  });
});

describe('settings', () => {
  const warning = (append: Record<string, string>, settings: Record<string, number> = {}): string[] => {
    const kernel = bareKernel({ append });
    for (const [name, value] of Object.entries(settings)) kernel.sysctl.set(name, value);
    addTask(kernel, 'sh', 63, () => within(['f'], () => warn()));
    runInTurn(kernel);
    return dmesg(kernel);
  };

  test('kernel.panic_on_warn wins over the command line', () => {
    const setting = 'kernel.panic_on_warn';
    expect(warning({}, { [setting]: 1 }).join('\n')).toContain('kernel: panic_on_warn set ...');
    expect(warning({ panic_on_warn: '1' }, { [setting]: 0 }).join('\n')).not.toContain('Kernel panic');
    expect(warning({ panic_on_warn: '0' }).join('\n')).not.toContain('Kernel panic');
  });

  test('with panic= the machine is to boot again, after a while or at once', () => {
    expect(warning({ panic_on_warn: '', panic: '5' }).at(-1)).toBe('Rebooting in 5 seconds..');
    expect(warning({ panic_on_warn: '', panic: '-1' }).at(-1)).toBe('Kernel Offset: disabled');
    expect(warning({ panic_on_warn: '', panic: '-1' }, { 'kernel.panic': 0 }).at(-1)).toMatch(/^---\[ end/);
  });

  test('kernel.panic_on_oops ends the run after an oops, whose stack is shown once', () => {
    const kernel = bareKernel();
    kernel.sysctl.set('kernel.panic_on_oops', 1);
    addTask(kernel, 'sh', 63, () => within(['f'], () => BUG_ON(true, 'mm/memory.c:1808')));
    runInTurn(kernel);
    const lines = dmesg(kernel);
    expect(lines.filter((line) => line === 'Call Trace:')).toHaveLength(1);
    expect(lines.at(-3)).toBe('Kernel panic - not syncing: Fatal exception');
  });
});

describe('BUG', () => {
  test('prints what a real kernel prints, and kills the task', async () => {
    const kernel = bareKernel();
    let survived = false;
    const reaper = addKthread(kernel, 'oom_reaper', 37, function* () {
      add_taint('B', 'LOCKDEP_NOW_UNRELIABLE');
      yield* within(['oom_reaper', '__oom_reap_task_mm', 'unmap_page_range'], () =>
        BUG_ON(true, 'mm/memory.c:1808'),
      );
      survived = true;
    });
    runInTurn(kernel);
    const lines = dmesg(kernel).filter((line) => !line.startsWith('Disabling lock'));
    expect(normalise(lines)).toEqual(normalise(captured('kernel-bug')));
    expect([survived, reaper.thread.state]).toEqual([false, 'abandoned']);
    await expect(golden(kernel, ['kernel BUG at mm/memory.c:1808'])).toMatchFileSnapshot(
      'golden/kernel-bug.golden',
    );
  });

  test('with oops=panic is the end: the task gives nothing back any more', () => {
    const kernel = bareKernel({ append: { oops: 'panic' } });
    const task = addTask(kernel, 'sh', 63, () => within(['f'], () => BUG_ON(true, 'mm/memory.c:1808')));
    // In a search the others go on; here there is none.
    runInTurn(kernel);
    runInTurn(kernel);
    expect(dmesg(kernel).at(-1)).toBe('---[ end Kernel panic - not syncing: Fatal exception ]---');
    expect([task.thread.state, task.flags & PF_EXITING]).toEqual(['abandoned', 0]);
  });

  test('does nothing while its condition does not hold', () => {
    const kernel = bareKernel();
    const task = addTask(kernel, 'sh', 63, () => BUG_ON(false, 'mm/memory.c:1808'));
    runInTurn(kernel);
    expect(dmesg(kernel)).toEqual([]);
    expect(task.thread.state).toBe('ended');
  });

  test('tells what the task held: preemption off', () => {
    const kernel = bareKernel();
    const sh = addTask(kernel, 'sh', 63, () => within(['f'], () => BUG_ON(true, 'mm/memory.c:1808')));
    sh.preempt_count = 1;
    sh.mm.value = Object.create(null) as MmStruct;
    runInTurn(kernel);
    expect(dmesg(kernel).at(-1)).toBe('note: sh[63] exited with preempt_count 1');
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { titleOfLog, titlesOf } from './titles.ts';

/** Excerpts of what real kernels printed. */
const captured = (name: string) =>
  readFileSync(new URL(`../testing/captures/${name}.txt`, import.meta.url), 'utf8').split('\n');

describe('reports of real kernels', () => {
  test.each([
    [
      'sleeping-function',
      'BUG: sleeping function called from invalid context in kvm_mmu_notifier_invalidate_range_start',
    ],
    ['kasan-slab-use-after-free', 'KASAN: slab-use-after-free Read in unmap_page_range'],
    ['kasan-use-after-free', 'KASAN: use-after-free Read in unmap_page_range'],
    ['warning', 'WARNING in exit_mmap'],
    ['kernel-bug', 'kernel BUG at mm/memory.c:1808'],
    ['recursive-locking-kill', 'possible deadlock in __synchronize_srcu'],
    ['hung-task', 'INFO: task hung in mmu_notifier_unregister'],
    ['suspicious-rcu-usage', 'WARNING: suspicious RCU usage in mas_walk'],
  ])('%s is titled by the function that it is about', (name, title) => {
    expect(titlesOf(captured(name))).toEqual([title]);
  });

  test('keep their order in a log', () => {
    const log = [...captured('warning'), ...captured('kasan-use-after-free'), ...captured('kernel-bug')];
    expect(titlesOf(log)).toEqual([
      'WARNING in exit_mmap',
      'KASAN: use-after-free Read in unmap_page_range',
      'kernel BUG at mm/memory.c:1808',
    ]);
    expect(titleOfLog(log)).toBe('WARNING in exit_mmap');
  });
});

describe('a title', () => {
  const trace = (...frames: string[]) => [
    'Call Trace:',
    ' <TASK>',
    ...frames.map((f) => ` ${f}+0x1/0x20`),
    ' </TASK>',
  ];

  test.each([
    [
      [
        'BUG: KASAN: vmalloc-out-of-bounds in mmu_notifier_oom_enter+0x1/0x9',
        'Read of size 8 at addr ffa0 by task x/1',
      ],
      'KASAN: vmalloc-out-of-bounds Read in mmu_notifier_oom_enter',
    ],
    [
      [
        'BUG: KASAN: double-free in kfree+0x1/0x9',
        ...trace('dump_stack_lvl', 'kasan_report_invalid_free', 'kvm_put_kvm'),
      ],
      'KASAN: invalid-free in kvm_put_kvm',
    ],
    [
      ['BUG: kernel NULL pointer dereference, address: 0000000000000446', 'RIP: 0010:unuse_mm+0x1/0x9'],
      'BUG: unable to handle kernel NULL pointer dereference in unuse_mm',
    ],
    [
      [
        'BUG: unable to handle page fault for address: ffa0000000052340',
        'Oops: Oops: 0000 [#1] PREEMPT_RT SMP',
        'RIP: 0010:mmu_notifier_oom_enter+0x1/0x9',
      ],
      'BUG: unable to handle kernel paging request in mmu_notifier_oom_enter',
    ],
    [
      [
        'Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1]',
        'RIP: 0010:f+0x1/0x9',
      ],
      'general protection fault in f',
    ],
    [
      ['WARNING: CPU: 0 PID: 1 at lib/refcount.c:28 refcount_warn_saturate+0x1/0x9', ...trace('kvm_put_kvm')],
      'WARNING: refcount bug in kvm_put_kvm',
    ],
    [
      [
        'kernel BUG at lib/list_debug.c:59!',
        'RIP: 0010:__list_del_entry_valid_or_report+0x1/0x9',
        ...trace('f'),
      ],
      'BUG: corrupted list in f',
    ],
    [
      ['BUG: KCSAN: data-race in oom_reaper / wake_oom_reaper'],
      'KCSAN: data-race in oom_reaper / wake_oom_reaper',
    ],
    [['BUG: Bad page map in process oom_reaper  pte:5a5a pmd:00000000'], 'BUG: Bad page map'],
    [['BUG: Bad page state in process sh  pfn:12345'], 'BUG: Bad page state'],
    [['BUG: Bad rss-counter state mm:0000 type:MM_ANONPAGES val:3'], 'BUG: Bad rss-counter state'],
    [['BUG: non-zero pgtables_bytes on freeing mm: 4096'], 'BUG: non-zero pgtables_bytes on freeing mm'],
    [
      ['SCYTHE: use of a dead stack frame in hlist_del_init+0x1/0x9'],
      'SCYTHE: use of a dead stack frame in hlist_del_init',
    ],
  ])('follows from %j', (lines, title) => {
    expect(titlesOf(lines)).toEqual([title]);
  });

  test('is not made of lines that only tell of another report', () => {
    expect(
      titlesOf([
        'INFO: lockdep is turned off.',
        'BUG: Bad page state: 7 messages suppressed',
        'Kernel panic - not syncing: hung_task: blocked tasks',
        'oom_reaper: reaped process 70 (memhog), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB',
      ]),
    ).toEqual([]);
  });
});

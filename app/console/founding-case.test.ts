import { expect, test } from 'vitest';
import { titlesOf } from '../kernel/report/titles.ts';
import { findPatch } from '../kernel/patches/index.ts';
import { runScript, type GuestOptions } from './testing/guest.ts';

/** The set-up that the cover letter of the fix describes. */
const REAP = `
./simple_kvm &
sleep 1
echo $! | sudo tee /sys/kernel/debug/oom_reap_task
`;

const titles = (options: GuestOptions): readonly string[] => titlesOf(runScript(REAP, options).log);

const SPLAT = 'BUG: sleeping function called from invalid context in kvm_mmu_notifier_invalidate_range_start';

test('reaping a virtual machine takes a sleeping lock where nothing may sleep', () => {
  const { console: shown, log } = runScript(REAP, { config: { PROVE_LOCKING: true } });
  expect(titlesOf(log)).toEqual([SPLAT]);
  expect(shown).toMatch(/^simple_kvm: vm ready pid=(\d+)\n\1\n$/);
  expect(
    log
      .filter((line) => /^ #\d: /.test(line))
      .map((line) => line.replace(/^ (#\d): \w+ \((.*?)\).*at: (\w+)\+.*/, '$1 $2 $3')),
  ).toEqual([
    '#0 sb_writers#8 ksys_write',
    '#1 &mm->mmap_lock lab_oom_reap_task_write',
    '#2 mmu_notifier_invalidate_range_start __oom_reap_task_mm',
    '#3 srcu __mmu_notifier_invalidate_range_start',
    '#4 &kvm->mn_invalidate_lock kvm_mmu_notifier_invalidate_range_start',
  ]);
  expect(log.filter((line) => line.startsWith('oom_reap_task:'))).toHaveLength(1);
});

test('it does so in both trees, and only with PREEMPT_RT and DEBUG_ATOMIC_SLEEP', () => {
  expect(titles({ tree: 'v6.18' })).toEqual([SPLAT]);
  expect(titles({ config: { PREEMPT_RT: false } })).toEqual([]);
  expect(titles({ config: { DEBUG_ATOMIC_SLEEP: false } })).toEqual([]);
});

test('with mmu-notifier-async-oom-v2 it does not', () => {
  const v2 = findPatch('mmu-notifier-async-oom-v2');
  expect(v2).not.toBeNull();
  if (v2 !== null)
    expect(titles({ patches: [v2], config: { PROVE_LOCKING: true, KASAN: true } })).toEqual([]);
});

test('a process that exceeds memory.max is killed, and one that cannot exit is reaped', () => {
  const { console: shown, log } = runScript(`
mkdir /sys/fs/cgroup/v; echo 32M > /sys/fs/cgroup/v/memory.max
sh -c 'echo $$ > /sys/fs/cgroup/v/cgroup.procs; exec memhog -m 64 -d 5000' &
wait $!
grep oom_kill /sys/fs/cgroup/v/memory.events`);
  expect(shown).toMatch(/^memhog: pid=\d+ 64 MB kvm=0 d_sleep=5000 ms\nKilled\noom_kill 1\n$/);
  expect(log.some((line) => line.startsWith('Memory cgroup out of memory: Killed process'))).toBe(true);
  expect(log.some((line) => line.startsWith('oom_reaper: reaped process'))).toBe(true);
});

test('unregistering inside the SRCU section hangs the reaping task and then the victim', () => {
  const patch = findPatch('oom-enter-sync-unregister');
  expect(patch).not.toBeNull();
  if (patch === null) return;
  const { console: shown, log } = runScript(
    `
echo 10 > /proc/sys/kernel/hung_task_timeout_secs
simple_kvm & P=$!
sleep 1
poke /sys/kernel/debug/oom_reap_task $P & R=$!
sleep 25
kill -9 $P
sleep 15
for p in $P $R; do grep -E '^(Name|State)' /proc/$p/status; head -n 2 /proc/$p/stack; done`,
    { patches: [patch] },
  );
  expect(
    shown
      .replace(/\+0x\S+/g, '')
      .split('\n')
      .slice(1),
  ).toEqual([
    ...[
      'Name:\tsimple_kvm',
      'State:\tD (disk sleep)',
      '[<0>] __synchronize_srcu',
      '[<0>] mmu_notifier_unregister',
    ],
    ...[
      'Name:\tpoke',
      'State:\tD (disk sleep)',
      '[<0>] __synchronize_srcu',
      '[<0>] mmu_notifier_unregister',
      '',
    ],
  ]);
  expect(log).toContain('INFO: task simple_kvm:64 blocked for more than 10 seconds.');
  expect(titlesOf(log)[0]).toMatch(/^INFO: task hung in /);
});

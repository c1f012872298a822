import { expect, test } from 'vitest';
import { titlesOf } from '../kernel/report/titles.ts';
import { runScript } from './testing/guest.ts';

/** Everything that a guest does beside virtual machines and the OOM killer. */
const SCRIPT = `
seq 1 3 | grep 2 | tee /tmp/f > /dev/null; cat /tmp/f; ls / > /dev/null
(sleep 0.01; echo late) & wait
memhog -m 4 -t 2; munmap_loop -n 2; madvise_loop -n 2
mkdir /sys/fs/cgroup/g; echo 0 > /sys/fs/cgroup/g/cgroup.procs; cat /sys/fs/cgroup/g/memory.events > /dev/null
sleep 10 & kill -9 $!; wait; cat /proc/self/stack /proc/$$/status > /dev/null
`;

test.each([
  ['PREEMPT_RT', true],
  ['no PREEMPT_RT', false],
])('ordinary work makes no checker report anything, %s', (_name, PREEMPT_RT) => {
  const all = { PREEMPT_RT, PROVE_LOCKING: true, PROVE_RAW_LOCK_NESTING: true, KASAN: true, PROVE_RCU: true };
  const debug = { DEBUG_ATOMIC_SLEEP: true, DEBUG_LIST: true, DEBUG_VM: true, DEBUG_PREEMPT: true };
  for (const tree of ['v6.12', 'v6.18']) {
    const { log, status } = runScript(SCRIPT, { tree, config: { ...all, ...debug } });
    expect(titlesOf(log)).toEqual([]);
    expect(log).toEqual([]);
    expect(status).toBe(0);
  }
});

const MACHINES = `
kvm_run -c 2 -n 3 & P=$!; sleep 0.005; kill -9 $P; wait
memslot_changer -n 2; memslot_changer -q -n 2; close_fds -w 5 -x; close_fds -w 5 -v -x
madvise_loop -k -n 2; kvm_run -r 2
simple_kvm & sleep 0.01; kill $!; wait
`;

test.each([
  ['PREEMPT_RT', true],
  ['no PREEMPT_RT', false],
])('virtual machines come and go without a report, %s', (_name, PREEMPT_RT) => {
  for (const tree of ['v6.12', 'v6.18']) {
    const config = { PREEMPT_RT, PROVE_LOCKING: true, KASAN: true, PROVE_RCU: true, DEBUG_VM: true };
    const { log, status, console: shown } = runScript(MACHINES, { tree, config });
    expect(log).toEqual([]);
    expect(status).toBe(0);
    expect(shown.match(/vm (ready|running)/g)).toHaveLength(7);
  }
});

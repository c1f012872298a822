import { readFileSync } from 'node:fs';
import { seconds } from '../base/brand.ts';
import { describe, expect, test } from 'vitest';
import { findPatch } from '../kernel/patches/index.ts';
import { normalise } from '../kernel/testing/normalise.ts';
import type { Patch } from '../kernel/tree.ts';
import { runScript, type GuestOptions } from './testing/guest.ts';

/** Whole reports, from typed commands to the last line, against those of a real kernel. */

const debug: GuestOptions = { tree: 'v6.12', config: { PROVE_LOCKING: true, KASAN: true } };

/** The normalised lines of a report: from the line that contains `first` to the one that contains `last`. */
function report(lines: readonly string[], first: string, last: string): string[] {
  const all = normalise(lines);
  const from = all.findIndex((line) => line.includes(first));
  const to = all.findIndex((line, i) => i > from && line.includes(last));
  expect(
    [from, to].every((at) => at >= 0),
    `"${first}" … "${last}" in\n${all.join('\n')}`,
  ).toBe(true);
  return all.slice(from, to + 1);
}

const captured = (name: string): string[] =>
  readFileSync(new URL(`../kernel/testing/captures/${name}.txt`, import.meta.url), 'utf8').split('\n');

function patchNamed(name: string): Patch {
  const patch = findPatch(name);
  if (patch === null) throw new Error(`no patch ${name}`);
  return patch;
}

describe('the splat of a reaped virtual machine is that of a real kernel', () => {
  const SPLAT = 'BUG: sleeping function called';

  test('when a shell reaps through debugfs', () => {
    const { log } = runScript('simple_kvm & P=$!\nsleep 1\necho $P > /sys/kernel/debug/oom_reap_task', debug);
    expect(report(log, SPLAT, '</TASK>')).toEqual(report(captured('sleeping-function'), SPLAT, '</TASK>'));
  });

  test('when the oom_reaper thread reaps after a cgroup ran out of memory', () => {
    const { log } = runScript(
      `mkdir /sys/fs/cgroup/d; echo 64M > /sys/fs/cgroup/d/memory.max
sh -c 'echo $$ > /sys/fs/cgroup/d/cgroup.procs; exec memhog -m 128 -d 9000 -k' &
wait $!`,
      debug,
    );
    expect(report(log, SPLAT, '</TASK>')).toEqual(
      report(captured('sleeping-function-oom-reaper'), SPLAT, '</TASK>'),
    );
  });
});

// The captured kernel's subscriber unregisters in mmu_notifier_oom_sync(); the posted patch calls that function
// __mmu_notifier_oom_enter() and goes through KVM's callback. All other lines are the same.
test('unregistering inside the SRCU walk gives the report and the hang of a real kernel', () => {
  const { log } = runScript(
    `echo 10 > /proc/sys/kernel/hung_task_timeout_secs
simple_kvm & P=$!
sleep 1
poke /sys/kernel/debug/oom_reap_task $P &
sleep 25`,
    { ...debug, patches: [patchNamed('oom-enter-sync-unregister')], limit: seconds(60) },
  );
  const asCaptured = (lines: readonly string[]): string[] =>
    lines
      .filter((line) => line !== ' kvm_mmu_notifier_detach')
      .map((line) => line.replaceAll('__mmu_notifier_oom_enter', 'mmu_notifier_oom_sync'));
  const ABOUT = 'possible recursive locking detected';
  expect(asCaptured(report(log, ABOUT, '</TASK>'))).toEqual(
    report(captured('recursive-locking-reap'), ABOUT, '</TASK>'),
  );
  const HUNG = 'INFO: task poke';
  expect(asCaptured(report(log, HUNG, '</TASK>'))).toEqual(
    report(captured('hung-task-reap'), HUNG, '</TASK>'),
  );
});

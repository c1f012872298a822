import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { exitMmapUnlockedPgtables, exitMmapUnlockedWindows } from '../kernel/patches/exit-mmap-unlocked.ts';
import { normalise } from '../kernel/testing/normalise.ts';
import { runScript } from './testing/guest.ts';

// Captured: a cgroup runs out of memory, its victim is slow between zapping and freeing, and the lock is taken out.
const SCRIPT = `mkdir /sys/fs/cgroup/d; echo 64M > /sys/fs/cgroup/d/memory.max
sh -c 'echo $$ > /sys/fs/cgroup/d/cgroup.procs; exec memhog -m 128' &
wait $!
sleep 4`;

let log: readonly string[] = [];

beforeAll(() => {
  const config = { PROVE_LOCKING: true, PROVE_RCU: true, KASAN: true, DEBUG_VM: true };
  log = normalise(runScript(SCRIPT, { tree: 'v6.12', config, patches: [exitMmapUnlockedWindows] }).log);
});

const captured = (name: string): string[] =>
  normalise(
    readFileSync(new URL(`../kernel/testing/captures/${name}.txt`, import.meta.url), 'utf8').split('\n'),
  );

/** The lines from the one that contains `first` to the next one that contains `last`. */
function part(lines: readonly string[], first: string, last: string): string[] {
  const from = lines.findIndex((line) => line.includes(first));
  const to = lines.findIndex((line, i) => i > from && line.includes(last));
  expect([from >= 0, to >= 0], `"${first}" … "${last}" in\n${lines.join('\n')}`).toEqual([true, true]);
  return lines.slice(from, to + 1);
}

/** Any exit without the lock gives these reports. Here the first is that of mkdir, in the capture that of memhog. */
const anybody = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/\b(?:mkdir|memhog)\b/, 'COMM'));

describe('without mmap_lock exit_mmap() of v6.12 gives the reports of a real kernel', () => {
  test('the lock checks, before any race', () => {
    const rcu = (lines: readonly string[]) => anybody(part(lines, 'lib/maple_tree.c:835', 'do_group_exit'));
    expect(rcu(log)).toEqual(rcu(captured('suspicious-rcu-usage')));
    const warning = (lines: readonly string[]) => anybody(part(lines, 'maple_tree.h:829', 'do_group_exit'));
    expect(warning(log)).toEqual(warning(captured('warning')));
    expect(log.filter((line) => line.includes('suspicious rcu'))).toEqual([
      'lib/maple_tree.c:835 suspicious rcu_dereference_check() usage!',
      'lib/maple_tree.c:791 suspicious rcu_dereference_check() usage!',
      'lib/maple_tree.c:840 suspicious rcu_dereference_protected() usage!',
    ]);
  });

  test('the reaper that looks at a VMA which is gone', () => {
    const real = captured('kasan-slab-use-after-free');
    for (const [first, last] of [
      ['BUG: KASAN', '</TASK>'],
      ['Freed by task', 'freed 152-byte region'],
    ]) {
      expect(part(log, first, last)).toEqual(part(real, first, last));
    }
  });

  test('and goes on with what KASAN has written there', () => {
    const bug = (lines: readonly string[]) => part(lines, 'kernel BUG at', 'end trace');
    expect(bug(log)).toEqual(bug(captured('kernel-bug')));
  });
});

describe('the page tables that go away under the reaper', () => {
  let seen: readonly string[] = [];

  beforeAll(() => {
    const config = {
      PROVE_LOCKING: true,
      PROVE_RCU: true,
      KASAN: true,
      DEBUG_VM: true,
      SCYTHE_PAGE_REUSE: true,
    };
    const append = new Map([['page_poison', '1']]);
    const script = SCRIPT.replace('sleep 4', 'sleep 0.1; (sleep 4) & (sleep 4) & wait');
    const patches = [exitMmapUnlockedPgtables];
    seen = normalise(runScript(script, { tree: 'v6.12', config, patches, append }).log);
  });

  test('are pages that the sanitizer knows to be free', () => {
    const real = captured('kasan-use-after-free');
    for (const [first, last] of [
      ['BUG: KASAN', '</TASK>'],
      ['The buggy address', 'page dumped'],
    ]) {
      expect(part(seen, first, last)).toEqual(part(real, first, last));
    }
  });

  test('hold what freed pages are filled with, a bad pmd entry', () => {
    const bad = (lines: readonly string[]) => part(lines, 'Disabling lock debugging', 'bad pmd');
    expect(bad(seen)).toEqual(bad(captured('page-poisoning')));
  });

  test('are handed to somebody else, who finds that it was taken away', () => {
    const corruption = (lines: readonly string[]) =>
      part(lines, 'pagealloc: memory', 'corrupted page details');
    // A function of its own only from v6.14 on, when it moved to mm/mmap.c: before, copy_process() has it in itself.
    const folded = corruption(seen).filter((line) => line !== ' dup_mmap');
    expect(folded).toEqual(corruption(captured('page-poisoning')));
  });

  test('in the order of the capture', () => {
    const headlines = /^(?:BUG: KASAN.*|.*bad pmd.*|pagealloc: memory corruption|kernel BUG at.*)$/;
    expect(seen.filter((line) => headlines.test(line))).toEqual([
      'BUG: KASAN: use-after-free in unmap_page_range',
      'mm/pgtable-generic.c:54: bad pmd ADDR(ADDR)',
      'pagealloc: memory corruption',
      'kernel BUG at mm/memory.c:1808!',
    ]);
  });

  test('and the reaper dies of the next mapping, as it did', () => {
    const bug = (lines: readonly string[]) => part(lines, 'kernel BUG at', 'end trace');
    expect(bug(seen)).toEqual(bug(captured('kernel-bug')));
  });
});

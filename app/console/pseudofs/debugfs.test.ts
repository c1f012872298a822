import { describe, expect, test } from 'vitest';
import { runScript } from '../testing/guest.ts';

const out = (script: string, config = {}): string => runScript(script, { config }).console;

describe('failslab', () => {
  const setUp = 'cd /sys/kernel/debug/failslab; echo N > ignore-gfp-wait; echo Y > task-filter;';
  const marked = (command: string): string => `sh -c 'echo 1 > /proc/self/make-it-fail; ${command}'`;

  test.each([
    ['probability', '0\n'],
    ['interval', '1\n'],
    ['times', '1\n'],
    ['space', '0\n'],
    ['verbose', '2\n'],
    ['task-filter', 'N\n'],
    ['ignore-gfp-wait', 'Y\n'],
  ])('%s at boot', (file, text) => {
    expect(out(`cat /sys/kernel/debug/failslab/${file}`)).toBe(text);
  });

  test('an allocation of a task that was chosen fails, and says so', () => {
    const { console: text, log } = runScript(
      `${setUp} echo 100 > probability; ${marked('cat /proc/version')}; cat times`,
    );
    expect(text).toContain('Cannot allocate memory');
    expect(text.endsWith('0\n')).toBe(true);
    expect(log.slice(0, 2)).toEqual([
      'FAULT_INJECTION: forcing a failure.',
      'name failslab, interval 1, probability 100, space 0, times 0',
    ]);
  });

  test('nothing fails without probability, without times, or for others', () => {
    const run = (settings: string, command: string): string => out(`${setUp} ${settings} ${command}`);
    const fine = 'echo fine; true | cat';
    expect(run('', marked(fine))).toBe('fine\n');
    expect(run('echo 0 > times; echo 100 > probability;', marked(fine))).toBe('fine\n');
    expect(run('echo 100 > probability;', 'true | cat; echo fine')).toBe('fine\n');
  });

  test('nonsense is refused', () => {
    expect(
      out('echo x > /sys/kernel/debug/failslab/probability; echo 2 > /sys/kernel/debug/failslab/task-filter'),
    ).toBe('bash: echo: write error: Invalid argument\n'.repeat(2));
    expect(out('ls /sys/kernel/debug/failslab', { FAILSLAB: false })).toMatch(/^ls: cannot access/);
  });
});

test('a VM has a directory with what it maps', () => {
  const script =
    'cd /sys/kernel/debug/kvm; simple_kvm -n 3 > /dev/null & sleep 0.2; ls -d *-*; cat *-*/pages_4k pages_4k; cat *-*/vcpu0/pid';
  expect(out(script)).toBe('64-4\n3\n3\n64\n');
  expect(
    out('simple_kvm & sleep 0.2; kill -9 $!; wait; sleep 0.5; ls -d /sys/kernel/debug/kvm/*-*'),
  ).toContain('No such file');
});

describe('cgroup2', () => {
  test('files of the root and of a group', () => {
    expect(
      out(
        'cd /sys/fs/cgroup; cat cgroup.controllers cgroup.subtree_control; mkdir g; cat g/cgroup.events g/cgroup.type cgroup.stat',
      ),
    ).toBe('memory\nmemory\npopulated 0\nfrozen 0\ndomain\nnr_descendants 1\nnr_dying_descendants 0\n');
  });

  test('without the controller a group has no memory files', () => {
    expect(
      out(
        'cd /sys/fs/cgroup; mkdir g; echo -memory > cgroup.subtree_control; ls g | grep -c memory; echo +memory > cgroup.subtree_control; ls g | grep -c memory.max',
      ),
    ).toBe('0\n1\n');
  });

  test('memory.peak keeps what was once charged', () => {
    const script =
      "cd /sys/fs/cgroup; mkdir g; sh -c 'echo $$ > g/cgroup.procs; memhog -m 4 > /dev/null'; cat g/memory.peak g/cgroup.events";
    expect(Number(out(script).split('\n')[0])).toBeGreaterThanOrEqual(4 * 1024 * 1024);
  });

  test.each([
    ['echo 8X > g/memory.max', 'Invalid argument'],
    ['echo 9999 > g/cgroup.procs', 'No such process'],
    ['echo x > g/cgroup.procs', 'Invalid argument'],
    ['echo 2 > g/cgroup.kill', 'Invalid argument'],
    ['echo 3 > g/memory.oom.group', 'Invalid argument'],
    ['echo memory > cgroup.subtree_control', 'Invalid argument'],
    ['echo +cpu > cgroup.subtree_control', 'No such file or directory'],
    ['echo 1 > g/memory.current', 'Invalid argument'],
  ])('%s', (write, error) => {
    expect(out(`cd /sys/fs/cgroup; mkdir g; ${write}`)).toBe(`bash: echo: write error: ${error}\n`);
  });
});

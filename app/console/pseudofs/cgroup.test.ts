import { describe, expect, test } from 'vitest';
import { runScript } from '../testing/guest.ts';

const out = (script: string): string => runScript(`cd /sys/fs/cgroup\n${script}`).console;

describe('groups within groups', () => {
  test('have the controller if the one above says so', () => {
    expect(
      out(
        'mkdir a a/b; ls a/b | grep -c memory; echo +memory > a/cgroup.subtree_control; ls a/b | grep -c memory',
      ),
    ).toMatch(/^0\n[6-9]\n$/);
    expect(out('mkdir a a/b; echo +memory > a/b/cgroup.subtree_control')).toContain(
      'No such file or directory',
    );
    expect(out('mkdir a a/b; echo +memory > a/cgroup.subtree_control; echo 0 > a/cgroup.procs')).toContain(
      'Device or resource busy',
    );
    expect(out('mkdir a a/b; rmdir a; rmdir a/b a; ls -d a')).toBe(
      "rmdir: failed to remove 'a': Device or resource busy\nls: cannot access 'a': No such file or directory\n",
    );
  });

  test('are charged together, and told of together', () => {
    const script = `mkdir a a/b a/c; echo +memory > a/cgroup.subtree_control; cat a/cgroup.events a/cgroup.stat
      sh -c 'echo 0 > a/b/cgroup.procs; exec memhog -m 4 -s > /dev/null' & sleep 2
      cat a/cgroup.events; [ $(cat a/memory.current) = $(cat a/b/memory.current) ] && echo same; cat a/c/memory.current`;
    expect(out(script)).toBe(
      'populated 0\nfrozen 0\nnr_descendants 2\nnr_dying_descendants 0\npopulated 1\nfrozen 0\nsame\n0\n',
    );
  });

  test('meet the limit of the one above, whose name the log has', () => {
    const script = `mkdir a a/b; echo +memory > a/cgroup.subtree_control; echo 8M > a/memory.max
      sh -c 'echo 0 > a/b/cgroup.procs; exec memhog -m 32 > /dev/null' & wait $!; echo $?
      grep oom_kill a/memory.events a/b/memory.events; dmesg | grep -o "oom_memcg=.*,task="`;
    expect(out(script)).toBe(
      [
        ...['Killed', '137', 'a/memory.events:oom_kill 1', 'a/b/memory.events:oom_kill 1'],
        'oom_memcg=/a,task_memcg=/a/b,task=\n',
      ].join('\n'),
    );
  });

  test('die together by cgroup.kill', () => {
    const script = `mkdir a a/b a/b/c; sleep 90 & echo $! > a/b/c/cgroup.procs; sleep 90 & echo $! > a/cgroup.procs
      sleep 0.1; echo 1 > a/cgroup.kill; wait; cat a/cgroup.events; rmdir a/b/c a/b a && echo gone`;
    expect(out(script)).toContain('populated 0\nfrozen 0\ngone\n');
  });
});

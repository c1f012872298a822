import { describe, expect, test } from 'vitest';
import { bytesOfText } from '../../base/byte-text.ts';
import { gunzipStored } from '../../base/gzip.ts';
import { runScript } from '../testing/guest.ts';

const out = (script: string, config = {}): string => runScript(script, { config }).console;
/** A process that sleeps, and what one of its files shows. */
const ofSleeper = (file: string): string => out(`sleep 5 & P=$!; sleep 1; cat /proc/$P/${file}`);

describe('/proc/<pid>', () => {
  test.each([
    ['comm', 'sleep\n'],
    ['cmdline', 'sleep\0' + '5\0'],
    ['cgroup', '0::/\n'],
    ['oom_adj', '0\n'],
    ['oom_score', '666\n'],
    ['wchan', 'do_nanosleep'],
    ['statm', '247 150 137 121 0 126 0\n'],
  ])('%s', (file, text) => {
    expect(ofSleeper(file)).toBe(text);
  });

  test('fd has the open files, and where they lead to', () => {
    expect(
      out(
        './simple_kvm > /tmp/f & sleep 1; ls -l /proc/$!/fd | sed "s/.* //"; sleep 1 | readlink /proc/self/fd/0',
      ),
    ).toBe(
      '0\n/dev/null\n/tmp/f\n/dev/console\n/dev/kvm\nanon_inode:kvm-vm\nanon_inode:kvm-vcpu:0\npipe:[10002]\n',
    );
    expect(out('echo there > /tmp/f; cat /proc/self/fd/0 < /tmp/f; cat /proc/self/fd/9')).toBe(
      'there\ncat: /proc/self/fd/9: No such file or directory\n',
    );
  });

  test('status has the lines of the kernel, in its order', () => {
    const text = ofSleeper('status');
    expect(text).toMatch(
      /^Name:\tsleep\nUmask:\t0022\nState:\tS \(sleeping\)\nTgid:\t64\nNgid:\t0\nPid:\t64\n/,
    );
    expect(text).toContain(
      'VmRSS:\t     600 kB\nRssAnon:\t      52 kB\nRssFile:\t       0 kB\nRssShmem:\t     548 kB\n',
    );
    expect(text).toContain('Threads:\t1\nSigQ:\t0/7782\nSigPnd:\t0000000000000000\n');
  });

  test('stat has 52 fields, with the state and the memory', () => {
    const fields = ofSleeper('stat').trim().split(' ');
    expect(fields).toHaveLength(52);
    expect([fields[0], fields[1], fields[2], fields[3], fields[22], fields[23]]).toEqual([
      '64',
      '(sleep)',
      'S',
      '63',
      String(247 * 4096),
      '150',
    ]);
  });

  test('maps names the file, the heap and the stack in column 73', () => {
    const lines = ofSleeper('maps').split('\n');
    expect(lines[1]).toMatch(/^00401000-0047a000 r-xp 00001000 00:1a \d+ {5,}\/root\/sleep$/);
    expect(
      lines.filter((line) => line.includes('[')).map((line) => [line.indexOf('['), line.slice(73)]),
    ).toEqual([
      [73, '[heap]'],
      [73, '[vvar]'],
      [73, '[vdso]'],
      [73, '[stack]'],
    ]);
  });

  test('smaps_rollup adds the pages of all VMAs', () => {
    const text = ofSleeper('smaps_rollup');
    expect(text).toMatch(/^00400000-7ffe8923a000 ---p 00000000 00:00 0 +\[rollup\]\nRss: {17}600 kB\n/);
    expect(text).toContain('\nAnonymous:            52 kB\n');
    expect(text.split('\n')[19]).toBe('Private_Hugetlb:       0 kB');
  });

  test('threads are in task/, kernel threads have neither memory nor words', () => {
    expect(out('ls /proc/$$/task; cat /proc/38/comm; cat /proc/38/cmdline; cat /proc/38/statm')).toBe(
      '63\noom_reaper\n0 0 0 0 0 0 0\n',
    );
  });

  test('what is written is checked', () => {
    expect(out('echo 17 > /proc/self/oom_adj; echo -17 > /proc/$$/oom_adj; cat /proc/$$/oom_score_adj')).toBe(
      'bash: echo: write error: Invalid argument\n-1000\n',
    );
    expect(runScript('echo 1 > /proc/$$/oom_adj').log.at(-1)).toBe(
      'sh (63): /proc/63/oom_adj is deprecated, please use /proc/63/oom_score_adj instead.',
    );
  });
});

describe('/proc', () => {
  test.each([
    ['version', /^Linux version 6\.12\.117 \(.*\) #1 SMP PREEMPT_RT Sat Nov 21 11:41:58 UTC 2026\n$/],
    ['uptime', /^1\.00 2\.00\n$/],
    ['loadavg', /^\d\.00 \d\.00 \d\.00 \d\/\d+ \d+\n$/],
    ['swaps', /^Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n$/],
    ['modules', /^$/],
    ['filesystems', /^nodev\tsysfs\n/],
    ['mounts', /\ncgroup2 \/sys\/fs\/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n/],
    ['kallsyms', /^ffffffff81000000 T \w+\n/],
    ['stat', /^cpu {2}0 0 0 \d+ 0 0 0 0 0 0\ncpu0 /],
    ['cpuinfo', /^processor\t: 0\nvendor_id\t: AuthenticAMD\n/],
    ['meminfo', /^MemTotal: {8}2097152 kB\nMemFree: {8} 19\d{5} kB\n/],
    ['vmstat', /\nnr_anon_pages \d+\n/],
  ])('%s', (file, text) => {
    expect(out(`sleep 1; cat /proc/${file}`)).toMatch(text);
  });

  test('swaps lists areas as swapon(8) reads them', () => {
    expect(out('swapon -s 64 /dev/zram0; cat /proc/swaps')).toContain(
      `/dev/zram0${' '.repeat(30)}partition\t65536\t\t0\t\t-2\n`,
    );
  });

  test('config.gz is the configuration', () => {
    const unpacked = gunzipStored(bytesOfText(out('cat /proc/config.gz', { KASAN: false })));
    expect(unpacked).toHaveProperty('data', expect.stringContaining('\nCONFIG_PREEMPT_RT=y\n'));
    expect(unpacked).toHaveProperty('data', expect.stringContaining('\n# CONFIG_KASAN is not set\n'));
  });

  test('lockdep shows its classes, chains and counts, in kernels that have it', () => {
    const config = { PROVE_LOCKING: true };
    expect(out('simple_kvm & sleep 1; cat /proc/lockdep', config)).toMatch(
      /all lock classes:\n[0-9a-f]{16} FD: +\d+ BD: +\d+ [.+?-]{4}: .*\n/,
    );
    expect(out('cat /proc/lockdep_chains', config)).toMatch(
      /^all lock chains:\nirq_context: 0\n\[[0-9a-f]{16}\] /,
    );
    expect(out('cat /proc/lockdep_stats', config)).toMatch(/^ lock-classes: {18} +\d+ \[max: 8192\]\n/);
    expect(out('cat /proc/lockdep')).toBe('cat: /proc/lockdep: No such file or directory\n');
  });

  test('lock_stat is there with LOCK_STAT', () => {
    expect(out('cat /proc/lock_stat', { LOCK_STAT: true })).toMatch(/^lock_stat version 0\.4\n/);
  });

  test('settings are read and written, within their bounds', () => {
    const file = '/proc/sys/vm/panic_on_oom';
    expect(out(`cat ${file}; echo 2 > ${file}; cat ${file}; echo 3 > ${file}; echo x > ${file}`)).toBe(
      '0\n2\nbash: echo: write error: Invalid argument\nbash: echo: write error: Invalid argument\n',
    );
    expect(out('cat /proc/sys/kernel/osrelease; echo x > /proc/sys/kernel/osrelease')).toBe(
      '6.12.117\nbash: echo: write error: Invalid argument\n',
    );
  });
});

describe('/dev/kmsg', () => {
  test('a line that is written is in the log, at its level', () => {
    expect(
      out('echo hello > /dev/kmsg; echo "<3>bad" > /dev/kmsg; dmesg | sed "s/.*] //"; dmesg -l err | wc -l'),
    ).toBe('hello\nbad\n1\n');
  });

  test('is read record by record', () => {
    expect(out('echo "<3>a" > /dev/kmsg; echo b > /dev/kmsg; head -n 2 /dev/kmsg')).toMatch(
      /^3,0,\d+,-;a\n4,1,\d+,-;b\n$/,
    );
  });

  test('/proc/sys/kernel/printk sets the level of the console', () => {
    expect(out('cd /proc/sys/kernel; cat printk; echo 4 4 1 7 > printk; cat printk; echo x > printk')).toBe(
      '7\t4\t1\t7\n4\t4\t1\t7\nbash: echo: write error: Invalid argument\n',
    );
  });
});

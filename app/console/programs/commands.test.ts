import { describe, expect, test } from 'vitest';
import { runScript } from '../testing/guest.ts';
import { programs } from './index.ts';

const out = (script: string): string => runScript(script).console;
/** Prepares a file with lines and runs a command on it. */
const onFile = (text: string, command: string): string => out(`cd /tmp; printf '${text}' > f; ${command}`);

describe('text', () => {
  test.each([
    [
      'grep',
      'a1\\nb2\\nA3\\n',
      'grep a f; grep -ic a f; grep -vn a f; grep -o "[0-9]" f',
      'a1\n2\n2:b2\n3:A3\n1\n2\n3\n',
    ],
    [
      'grep in context',
      '1\\n2\\nx\\n4\\n5\\n6\\n7\\nx\\n',
      'grep -A1 -B1 -n x f',
      '2-2\n3:x\n4-4\n--\n7-7\n8:x\n',
    ],
    [
      'basic and extended',
      'a+b\\nab\\naab\\n',
      'grep "a+b" f; grep -E "^a+b$" f; grep "a\\{2\\}" f',
      'a+b\nab\naab\naab\n',
    ],
    [
      'grep and its status',
      'a\\n',
      'grep -q a f; echo $?; grep b f; echo $?; grep "[" f; echo $?',
      "0\n1\ngrep: invalid regular expression '['\n2\n",
    ],
    [
      'grep names files',
      'a\\n',
      'cp f g; grep a f g; grep -l a f g; grep -h a f g',
      'f:a\ng:a\nf\ng\na\na\n',
    ],
    ['head', '1\\n2\\n3\\n', 'head -n 2 f; head -1 f; head -c 3 f', '1\n2\n1\n1\n2'],
    [
      'head of all but',
      '1\\n2\\n3\\n',
      'head -n -1 f; head -n x f',
      "1\n2\nhead: invalid number of lines: 'x'\n",
    ],
    ['tail', '1\\n2\\n3\\n', 'tail -n 1 f; tail -2 f; tail -n +3 f', '3\n2\n3\n3\n'],
    [
      'processes by name',
      '',
      'sleep 90 & sleep 91 & sleep 1; pgrep -x sleep | wc -l; pgrep -fa "sleep 9[1]" | cut -d" " -f2-; pidof sleep | wc -w; pkill -f "sleep 90"; wait %1; echo $?; killall -9 sleep; wait %2; echo $?; killall sleep; pgrep nosuch; echo $?',
      '2\nsleep 91\n2\n143\nKilled\n137\nsleep: no process found\n1\n',
    ],
    ['wc', 'a b\\nc\\n', 'wc f; wc -l < f; wc -lw f', '2 3 6 f\n2\n2 3 f\n'],
    [
      'sort',
      'b 2\\na 10\\nc 1\\na 10\\n',
      'sort -u f; sort -k 2 -n f | head -1; sort -r f | head -1',
      'a 10\nb 2\nc 1\nc 1\nc 1\n',
    ],
    ['uniq', 'a\\na\\nb\\n', 'uniq -c f; uniq -d f', '      2 a\n      1 b\na\n'],
    ['cut', 'a:b:c\\nx\\n', 'cut -d: -f2- f; cut -c1 f', 'b:c\nx\na\nx\n'],
    [
      'tr',
      'Hello  you\\n',
      'tr a-z A-Z < f; tr -s " " < f; tr -d l < f; tr -cd "[:alpha:]" < f',
      'HELLO  YOU\nHello you\nHeo  you\nHelloyou',
    ],
    [
      'sed',
      'one two\\nthree\\n',
      "sed 's/o/0/g;2d' f; sed -n '/th/p' f; sed -E 's/(t)(w)/\\2\\1/' f; sed '$!d' f",
      '0ne tw0\nthree\none wto\nthree\nthree\n',
    ],
    [
      'sed and what it cannot',
      'x\\n',
      "sed 's/x' f; sed 'k' f",
      "sed: -e expression #1, char 3: unterminated `s' command\nsed: -e expression #1, char 1: unknown command: `k'\n",
    ],
    ['cat', 'a\\tb\\n\\n', 'cat -n f; cat -A f', '     1\ta\tb\n     2\t\na^Ib$\n$\n'],
    ['tee', 'a\\n', 'echo b | tee -a f > /dev/null; cat f', 'a\nb\n'],
    ['seq', '', 'seq 2; seq 3 -1 2; seq -w 9 10; seq -s , 3', '1\n2\n3\n2\n09\n10\n1,2,3\n'],
    [
      'xargs',
      '1 2\\n3\\n',
      'xargs -n 2 echo - < f; xargs -I{} echo "<{}>" < f; echo | xargs -r echo no',
      '- 1 2\n- 3\n<1 2>\n<3>\n',
    ],
  ])('%s', (_name, text, command, expected) => {
    expect(onFile(text, command)).toBe(expected);
  });

  test.each([
    ["awk '{print $2, $NF}' f", 'two three\nb b\n'],
    [
      "awk -F: '/:/ {print $1 \"-\" NR}' f; awk 'NR==2' f; awk '$1 == \"a\" && NF < 3 {print NF}' f",
      'a b\n2\n',
    ],
    ["awk 'BEGIN {x = 1}' f", 'awk: only CONDITION {print VALUE, ...} is supported here\n'],
  ])('%s', (command, text) => {
    expect(onFile('one two three\\na b\\n', command)).toBe(text);
  });

  test('a reader that has enough ends what writes for ever', () => {
    expect(out('yes | head -n 2; yes no | head -1')).toBe('y\ny\nno\n');
  });

  test('grep prints lines as they come', () => {
    expect(
      out('(echo a1; sleep 1; echo a2) | grep --line-buffered a | (read x; echo got $x; read x; echo $x)'),
    ).toBe('got a1\na2\n');
  });

  test('tail -f goes on as a file grows', () => {
    expect(out('cd /tmp; echo 1 > f; tail -f f & sleep 1.5; echo 2 >> f; sleep 2; kill $!')).toContain(
      '1\n2\n',
    );
  });
});

describe('files', () => {
  test.each([
    ['cp, mv and rm', 'cd /tmp; echo a > x; cp x y; mv y z; cat z; rm x z; ls', 'a\n'],
    ['mv between file systems', 'echo a > /tmp/x; mv /tmp/x /root/y; cat /root/y; ls /tmp', 'a\n'],
    ['into a directory', 'cd /tmp; mkdir d; echo a > x; cp x d; mv x d/y; ls d', 'x\ny\n'],
    [
      'rm -r',
      'cd /tmp; mkdir -p a/b; touch a/b/c; rm a; rm -r a; ls; rm -f nosuch; rm nosuch',
      "rm: cannot remove 'a': Is a directory\nrm: cannot remove 'nosuch': No such file or directory\n",
    ],
    [
      'ls -l',
      'cd /tmp; echo abc > x; mkdir d; ls -l',
      'total 0\ndrwxr-xr-x 2 root root 0 Nov 21 11:41 d\n-rw-r--r-- 1 root root 4 Nov 21 11:41 x\n',
    ],
    [
      'ls of what is not there',
      'ls /nosuch; echo $?',
      "ls: cannot access '/nosuch': No such file or directory\n2\n",
    ],
    [
      'stat',
      'cd /tmp; echo abc > x; stat -c "%n %s %a %F" x /tmp',
      'x 4 644 regular file\n/tmp 0 755 directory\n',
    ],
    [
      'find',
      'cd /tmp; mkdir -p a/b; touch a/x a/b/y; find a -type f; find . -name "b"',
      'a/b/y\na/x\n./a/b\n',
    ],
    ['which', 'which ps nosuch; echo $?', '/usr/bin/ps\n1\n'],
    [
      'mount',
      'mount -t cgroup2; mount -t proc proc /proc; mount /dev/sda /mnt; umount /proc',
      "cgroup2 on /sys/fs/cgroup type cgroup2 (rw,nosuid,nodev,noexec,relatime)\nmount: /mnt: unknown filesystem type 'auto'.\numount: /proc: target is busy.\n",
    ],
    [
      'swapon',
      'swapon --show; swapon -s 64 /dev/zram0; swapon --show; swapoff /dev/zram0; swapon --show',
      'NAME       TYPE       SIZE USED PRIO\n/dev/zram0 partition   64M   0B   -2\n',
    ],
    [
      'zcat',
      'zcat /proc/config.gz | grep -c PREEMPT_RT=y; zcat /proc/version',
      '1\n\ngzip: /proc/version: not in gzip format\n',
    ],
  ])('%s', (_name, script, text) => {
    expect(out(script)).toBe(text);
  });
});

describe('system', () => {
  test.each([
    [
      'uname -a',
      /^Linux virtme-ng 6\.12\.117 #1 SMP PREEMPT_RT Sat Nov 21 11:41:58 UTC 2026 x86_64 GNU\/Linux\n$/,
    ],
    ['uname -rm', /^6\.12\.117 x86_64\n$/],
    ['nproc; hostname; whoami; id', /^2\nvirtme-ng\nroot\nuid=0\(root\) gid=0\(root\) groups=0\(root\)\n$/],
    ['sleep 30; date', /^Sat Nov 21 11:44:30 UTC 2026\n$/],
    [
      'date -I; date +%s.%N; date nonsense',
      /^2026-11-21\n1795261440\.\d{9}\ndate: invalid date 'nonsense'\n$/,
    ],
    [
      'free -m',
      /^ {15}total {8}used {8}free {6}shared {2}buff\/cache {3}available\nMem: {12}2048 +\d+ +\d+ /,
    ],
    ['free -h', /\nMem: +2\.0Gi +\d+Mi +1\.9Gi +\d+Ki +\d+Ki +1\.9Gi\nSwap: +0B +0B +0B\n$/],
    ['sleep 30; uptime', / 11:44:30 up 0 min, {2}1 user, {2}load average: \d\.00, \d\.00, \d\.00\n$/],
    ['sysctl kernel.panic vm/panic_on_oom', /^kernel\.panic = 0\nvm\.panic_on_oom = 0\n$/],
    ['sysctl -w vm.panic_on_oom=1; sysctl -n vm.panic_on_oom', /^vm\.panic_on_oom = 1\n1\n$/],
    ['sysctl -w vm.panic_on_oom=7', /^sysctl: setting key "vm\.panic_on_oom": Invalid argument\n$/],
    ['sysctl no.such', /^sysctl: cannot stat \/proc\/sys\/no\/such: No such file or directory\n$/],
    ['vmstat', /^procs -+memory.*\n r {2}b {3}swpd .*\n {0,1}\d+ {2}\d +0 \d+ /],
    ['lscpu | grep ^CPU', /^CPU\(s\): +2\n$/],
    ['printenv HOME; env X=1 printenv X', /^\/root\n1\n$/],
    [
      'timeout 1 sleep 5; echo $?; timeout 1 true; echo $?; timeout -s KILL 1 sleep 5; echo $?',
      /^124\n0\n137\n$/,
    ],
    ['timeout x true', /^timeout: invalid time interval 'x'\n$/],
    ['timeout 5 watch -t -n 2 echo hi', /^hi\nhi\nhi\n$/],
    [
      'nice -n 5 nohup echo hi; timeout 1 nosuch; echo $?',
      /^hi\ntimeout: failed to run command 'nosuch': No such file or directory\n127\n$/,
    ],
    [
      'help scythe | head -n 1; man',
      /^SCYTHE\(7\)\nWhat manual page do you want\?\nFor example, try 'man scythe'\.\n$/,
    ],
  ])('%s', (script, text) => {
    expect(out(script)).toMatch(text);
  });

  test('poweroff ends the machine', () => {
    const { console: text, log } = runScript('echo before; poweroff; echo after');
    expect(text).toBe('before\n');
    expect(log.at(-1)).toBe('reboot: Power down');
  });

  test('every program has a summary and answers --help', () => {
    const silent = programs.filter(
      ({ name }) => !['[', 'echo', 'false', 'kill', 'printf', 'pwd', 'test', 'true'].includes(name),
    );
    const asked = silent.filter(({ name }) => !['yes', 'sh', 'bash', 'su', 'stty'].includes(name));
    const text = out(
      asked
        .map(
          ({ name }) => `/usr/bin/${name} --help > /tmp/h || echo ${name} failed; wc -l /tmp/h | grep "^0"`,
        )
        .join('\n'),
    );
    expect(text).toBe('');
    expect(programs.filter(({ summary }) => summary === '')).toEqual([]);
  });
});

describe('ps and top', () => {
  test('columns of -eo, with where a task sleeps', () => {
    expect(out('sleep 9 & ps -o pid,ppid,stat,wchan=WAITS,comm -p $!')).toBe(
      '    PID    PPID STAT WAITS        COMMAND\n     64      63 S    do_nanosleep sleep\n',
    );
  });

  test('aux has memory, words and kernel threads', () => {
    const text = out('sleep 9 & ps aux');
    expect(text).toMatch(/^USER +PID %CPU %MEM +VSZ +RSS TTY +STAT START +TIME COMMAND\n/);
    expect(text).toMatch(/\nroot +38 +0\.0 +0\.0 +0 +0 \? +[SI] +11:44 +0:00 \[oom_reaper\]\n/);
    expect(text).toMatch(/\nroot +64 +0\.0 +0\.0 +988 +600 hvc0 +S +11:44 +0:00 sleep 9\n/);
  });

  test('a task that waits for a lock is in state D', () => {
    const script =
      'simple_kvm & P=$!; sleep 0.2; echo $P > /sys/kernel/debug/mmap_hold & sleep 0.1; cat /proc/$P/maps > /dev/null & sleep 0.1; ps -eo stat,wchan,comm | grep -c "^D"';
    expect(Number(out(script).trim().split('\n').at(-1))).toBeGreaterThanOrEqual(0);
  });

  test('what it does not know it refuses', () => {
    expect(out('ps -eo nosuch 2>&1 | head -n 1')).toBe(
      'error: unknown user-defined format specifier "nosuch"\n',
    );
  });

  test('top shows sums and tasks', () => {
    const lines = out('top -b -n 1').split('\n');
    expect(lines[0]).toMatch(/^top - 11:44:00 up 0 min, {2}1 user, {2}load average: /);
    expect(lines[1]).toMatch(/^Tasks: +\d+ total, +\d+ running, +\d+ sleeping, +0 stopped, +0 zombie$/);
    expect(lines[6]).toBe('    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND');
  });
});

describe('dmesg', () => {
  const trigger = (key: string): string => `echo ${key} > /proc/sysrq-trigger`;

  test('-w goes on as lines come, and Ctrl-C ends it', () => {
    expect(
      out(`dmesg -wt > /tmp/d & sleep 0.1; ${trigger('s')}; sleep 0.1; kill -INT $!; tail -n 2 /tmp/d`),
    ).toContain('sysrq: Emergency Sync\nEmergency Sync complete\n');
  });

  test.each([
    ['-c clears', `${trigger('s')}; dmesg -c | wc -l; dmesg | wc -l`, '2\n0\n'],
    [
      '-l',
      `${trigger('s')}; dmesg -l err; dmesg -tl info; dmesg -l nosuch`,
      "sysrq: Emergency Sync\nEmergency Sync complete\ndmesg: unknown level 'nosuch'\n",
    ],
    ['-T', `${trigger('s')}; dmesg -T | head -n 1`, '[Sat Nov 21 11:44:00 2026] sysrq: Emergency Sync\n'],
    ['-x', `${trigger('s')}; dmesg -xt | head -n 1`, 'kern  :info  : sysrq: Emergency Sync\n'],
    ['-n', 'dmesg -n 9; dmesg -n err; echo $?', 'dmesg: klogctl failed: Invalid argument\n0\n'],
  ])('%s', (_name, script, text) => {
    expect(out(script)).toBe(text);
  });
});

describe('sysrq', () => {
  test('t shows all tasks with their stacks, w those that are blocked, others the keys', () => {
    const { log } = runScript('sleep 9 & for k in t w h m z; do echo $k > /proc/sysrq-trigger; done');
    expect(log).toContain('sysrq: Show State');
    expect(log.filter((line) => line.startsWith('task:sleep '))).toHaveLength(1);
    expect(log).toContain('sysrq: Show Blocked State');
    expect(log.some((line) => line.startsWith('sysrq: HELP : loglevel(0-9) reboot(b) crash(c) '))).toBe(true);
    expect(log).toContain('Mem-Info:');
    expect(log.slice(-2)).toEqual(['Dumping ftrace buffer:', '   (ftrace buffer empty)']);
  });

  test('i kills all but who asks', () => {
    expect(out('sleep 99 & echo i > /proc/sysrq-trigger; wait $!; echo $?')).toMatch(/137\n$/);
  });
});

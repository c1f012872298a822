import { describe, expect, test } from 'vitest';
import { runScript } from '../testing/guest.ts';

const out = (script: string): string => runScript(script).console;

describe('words', () => {
  test.each([
    ['variables', 'x=a; y="$x b"; echo $y "${y}c" \'$x\'', 'a b a bc $x\n'],
    ['splitting', 'x="a  b"; echo $x; echo "$x"', 'a b\na  b\n'],
    ['defaults', 'echo ${u:-d} ${u:=e} $u ${u:+f} ${#u}', 'd e e f 1\n'],
    ['patterns in expansions', 'f=/a/b.c; echo ${f##*/} ${f%.c} ${f#/} ${f/b/x}', 'b.c /a/b a/b.c /a/x.c\n'],
    ['arithmetic', 'i=2; echo $((i * 3 + 1)) $((i++)) $i $((7 / 2)) $((1 << 4))', '7 2 3 3 16\n'],
    ['substitution', 'echo "<$(echo a; echo b)>" $(seq 1 3)', '<a\nb> 1 2 3\n'],
    ['braces', 'echo a{b,c}d {1..3}', 'abd acd 1 2 3\n'],
    ['quoting keeps a pattern from matching', 'echo "*" \\*', '* *\n'],
    [
      'functions as they were written',
      'f() { echo "a  b"; }; type f; declare -f f; g() { h() { :; }; }; g; declare -F; type h',
      'f is a function\nf() { echo "a  b"; }\nf() { echo "a  b"; }\ndeclare -f f\ndeclare -f g\ndeclare -f h\nh is a function\nh() { :; }\n',
    ],
    ['path names', 'mkdir /tmp/d; touch /tmp/d/b /tmp/d/a; cd /tmp/d; echo * [b-z] x*', 'a b b x*\n'],
    ['arguments', 'set -- a "b c"; for w in "$@"; do echo "<$w>"; done; echo $# $*', '<a>\n<b c>\n2 a b c\n'],
  ])('%s', (_name, script, text) => {
    expect(out(script)).toBe(text);
  });
});

describe('control', () => {
  test.each([
    ['and, or, not', 'true && echo a || echo b; false && echo c || echo d; ! false; echo $?', 'a\nd\n0\n'],
    [
      'if',
      'if [ 1 -lt 2 ]; then echo y; fi; if test a = b; then :; elif [[ x == x* ]]; then echo e; fi',
      'y\ne\n',
    ],
    ['while', 'i=0; while [ $i -lt 3 ]; do i=$((i+1)); [ $i = 2 ] && continue; echo $i; done', '1\n3\n'],
    ['break', 'for i in 1 2; do for j in a b; do [ $j = b ] && break 2; echo $i$j; done; done', '1a\n'],
    ['case', 'case abc in x) echo x;; a*) echo a;; *) echo z;; esac', 'a\n'],
    ['functions', 'f() { echo "$1 $#"; return 3; }; f x y; echo $?', 'x 2\n3\n'],
    ['set -e', 'set -e; false || true; if false; then :; fi; echo here; false; echo never', 'here\n'],
    ['C-style for', 'for ((i = 0; i < 3; i++)); do echo $i; done', '0\n1\n2\n'],
    ['subshells keep their variables', 'x=1; (x=2; echo $x); echo $x', '2\n1\n'],
    ['eval', "x='echo $y'; y=5; eval $x", '5\n'],
  ])('%s', (_name, script, text) => {
    expect(out(script)).toBe(text);
  });
});

describe('processes', () => {
  test('a pipeline runs its parts beside each other, its status is that of the last', () => {
    expect(out('seq 1 5 | grep -v 3 | tail -n 2; echo $?; true | false; echo $?')).toBe('4\n5\n0\n1\n');
  });

  test('a pipe is more than a pipe buffer', () => {
    expect(out('seq 1 20000 | wc -l')).toBe('20000\n');
  });

  test('$! is the background process, wait gives its status', () => {
    expect(out('sh -c "exit 7" &\nP=$!\nwait $P; echo $? $([ $P -gt 63 ] && echo child)')).toBe('7 child\n');
  });

  test('sleeping takes virtual time', () => {
    const { kernel } = runScript('sleep 1.5 & sleep 0.5; wait');
    expect(kernel.machine.now / 1e9).toBeCloseTo(1.5, 2);
  });

  test('a killed process is told of when it is waited for', () => {
    expect(out('sleep 100 &\nkill -9 $!\nwait $!\necho $?')).toBe('Killed\n137\n');
  });

  test('exec becomes the program', () => {
    expect(out('sh -c "exec echo a; echo never"; (exec uname; echo never)')).toBe('a\nLinux\n');
  });

  test('trap catches a signal', () => {
    expect(out("trap 'echo caught' USR1; kill -USR1 $$; echo after")).toBe('caught\nafter\n');
  });

  test('a command that is not there has status 127', () => {
    expect(out('foo; echo $?; ./bar; echo $?')).toBe(
      'bash: foo: command not found\n127\nbash: ./bar: No such file or directory\n127\n',
    );
  });

  test('sudo runs what follows', () => {
    expect(out('sudo -E echo a; echo b | sudo tee /tmp/x; cat /tmp/x')).toBe('a\nb\nb\n');
  });
});

describe('redirections', () => {
  test('into a file, appending, from a file, and standard error', () => {
    expect(out('echo a > /tmp/f; echo b >> /tmp/f; cat < /tmp/f; foo 2> /tmp/e; wc -l /tmp/e')).toBe(
      'a\nb\n1 /tmp/e\n',
    );
  });

  test('here documents expand unless their end is quoted', () => {
    expect(out("x=1\ncat <<A\n<$x>\nA\ncat <<'B'\n<$x>\nB\ncat <<< $x")).toBe('<1>\n<$x>\n1\n');
  });

  test('of several commands at once', () => {
    expect(out('{ echo a; echo b >&2; } > /tmp/f 2>&1; for i in 1; do cat; done < /tmp/f')).toBe('a\nb\n');
  });

  test('into a debugfs file give its error', () => {
    expect(out('echo 9999 > /sys/kernel/debug/oom_reap_task; echo $?')).toBe(
      'bash: echo: write error: No such process\n1\n',
    );
    expect(out('echo x | tee /sys/kernel/debug/oom_reap_task')).toBe(
      'x\ntee: /sys/kernel/debug/oom_reap_task: Invalid argument\n',
    );
  });

  test('to where there is no file fail before the command runs', () => {
    expect(out('echo a > /nowhere/f; echo $?')).toBe('bash: /nowhere/f: No such file or directory\n1\n');
  });
});

test('the same script gives the same run', () => {
  const script = 'seq 1 3 | while read i; do echo $i; done; sleep 0.1 & wait; ps';
  const [first, second] = [runScript(script), runScript(script)];
  expect(second.console).toBe(first.console);
  expect(second.kernel.machine.steps).toBe(first.kernel.machine.steps);
});

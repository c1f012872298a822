import { expect, test } from 'vitest';
import { formatIssue } from './issues.ts';
import { parseScript } from './parse.ts';

const problems = (source: string): readonly string[] => {
  const parsed = parseScript(source);
  return parsed.ok ? [] : parsed.issues.map(formatIssue);
};

test('what the captures were made with is supported', () => {
  const script = `
name=$1; shift 2
./simple_kvm &
P=$!
sleep 0.6
echo $! | sudo tee /sys/kernel/debug/oom_reap_task
for i in $(seq 1 15); do kill -9 $P; done
run() { # NAME MEMORY.MAX
  name=$1 ARGS="$*" sh -c 'echo $$ > /sys/fs/cgroup/$CG/cgroup.procs; exec memhog $ARGS' &
  wait $!
}
while [ "$i" -lt 3 ]; do i=$((i + 1)); done
if ! test -e /tmp/x; then echo no; else echo yes; fi 2>/dev/null
cat > /tmp/filter <<'X'
__oom_reap_task_mm
X
case $P in 6*) echo six;; *) : ;; esac
`;
  expect(problems(script)).toEqual([]);
});

test('a syntax error names its line', () => {
  expect(problems('echo a\necho b |\n| echo c\n')[0]).toMatch(/^line 3/);
  expect(problems('echo "open\n')[0]).toMatch(/^line 1/);
  expect(problems('if true; then echo a\n')[0]).toMatch(/^line [12].*/);
});

test('what the shell cannot run is refused with its line and its name', () => {
  expect(problems('echo a\nselect x in a b; do :; done\n')).toEqual([
    'line 2, column 1: select: not supported by this shell',
  ]);
  expect(problems('echo a\n\nfor i in 1; do\n  echo $(( $(echo 1) + 1 ))\ndone\n')).toEqual([
    'line 4: command substitution in arithmetic is not supported',
  ]);
});

test('all problems of a script are told at once', () => {
  expect(problems('echo $(( `a` ))\necho $(( `b` ))\n')).toHaveLength(2);
});

test('mistakes are told in the words of bash', () => {
  const message = (source: string): string => {
    const parsed = parseScript(source);
    return parsed.ok ? 'fine' : parsed.issues[0].message;
  };
  expect(message('echo )')).toBe("syntax error near unexpected token `)'");
  expect(message('echo a | | b')).toBe("syntax error near unexpected token `|'");
  expect(message('done')).toBe("syntax error near unexpected token `done'");
  expect(message('echo >')).toBe("syntax error near unexpected token `newline'");
  expect(message('for x in a; echo; done')).toBe("syntax error near unexpected token `echo'");
  expect(message('if true; then')).toBe('syntax error: unexpected end of file');
  expect(message('echo "a')).toBe('unexpected EOF while looking for matching `"\'');
});

test.each([
  ...['if true', 'for i in a b', 'while true; do', 'echo "a', "echo 'a", 'echo $(', '(', '{ echo a', 'f() {'],
  ...['cat <<E', 'cat <<E\nabc', 'echo a |', 'echo a &&', 'echo a ||', 'echo a \\', 'case x in', '[[ a'],
])('%j could go on in the next line', (source) => {
  const parsed = parseScript(source);
  expect(parsed.ok ? 'complete' : parsed.incomplete).toBe(true);
});

test.each(['echo a', 'echo )', 'fi', 'cat <<E\nE\n', 'echo a \\\nb', '', '# |'])('%j could not', (source) => {
  const parsed = parseScript(source);
  expect(parsed.ok || parsed.incomplete !== true).toBe(true);
});

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
  expect(problems('echo a\ndiff <(ls) x\n')).toEqual([
    'line 2: process substitution <(...) is not supported',
  ]);
  expect(problems('a=(1 2)\n')).toContain('line 1: arrays are not supported');
  expect(problems('echo a\n\nfor i in 1; do\n  echo ${!x}\ndone\n')).toEqual([
    'line 4: indirect expansion ${!name} is not supported',
  ]);
});

test('all problems of a script are told at once', () => {
  expect(problems('a=(1)\nb=(2)\n')).toHaveLength(2);
});

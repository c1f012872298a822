import { seconds, type Ns } from '../../base/brand.ts';
import { formatLine } from '../../kernel/log.ts';
import { kernel, config } from '../../kernel/kernel.ts';
import { init_task_tasks } from '../../kernel/kernel/pid.ts';
import { stateOf } from '../../kernel/fs/proc/base.ts';
import { nanosleep, print, STDERR, STDOUT } from '../userland/libc.ts';
import { withOptions } from './program.ts';

export const sleep = withOptions(
  { name: 'sleep', summary: 'Waits.', operands: 'SECONDS...', options: [] },
  function* ({ operands }) {
    let duration = 0;
    for (const word of operands) {
      const nanoseconds = durationOf(word);
      if (nanoseconds === null) {
        yield* print(STDERR, `sleep: invalid time interval '${word}'\n`);
        return 1;
      }
      duration += nanoseconds;
    }
    if (operands.length === 0) {
      yield* print(STDERR, 'sleep: missing operand\n');
      return 1;
    }
    yield* nanosleep(duration as Ns);
    return 0;
  },
);

/** `0.6`, `2m` in nanoseconds; null for anything else. */
export function durationOf(word: string): number | null {
  const match = /^(\d+)(?:\.(\d{1,9}))?([smhd]?)$/.exec(word);
  if (match === null) return null;
  const unit = { '': 1, s: 1, m: 60, h: 3600, d: 86400 }[match[3]] ?? 1;
  const fraction = Number((match[2] ?? '').padEnd(9, '0'));
  return (seconds(Number(match[1])) + fraction) * unit;
}

export const dmesg = withOptions(
  { name: 'dmesg', summary: "Prints the kernel's log.", options: [] },
  function* () {
    // A copy: the log goes on while it is printed.
    const text = kernel()
      .log.lines.map((line) => `${formatLine(line)}\n`)
      .join('');
    yield* print(STDOUT, text);
    return 0;
  },
);

export const uname = withOptions(
  {
    name: 'uname',
    summary: 'Prints what system this is.',
    options: [
      { flag: '-a', description: 'everything' },
      { flag: '-m', description: 'the machine' },
      { flag: '-n', description: 'the host name' },
      { flag: '-r', description: "the kernel's release" },
      { flag: '-v', description: "the kernel's build" },
    ],
  },
  function* (options) {
    const { release } = kernel().tree;
    const build = `#1 SMP${config().PREEMPT_RT ? ' PREEMPT_RT' : ' PREEMPT_DYNAMIC'}`;
    const parts: string[] = [];
    const all = options.has('-a');
    if (all) parts.push('Linux');
    if (all || options.has('-n')) parts.push('virtme-ng');
    if (all || options.has('-r')) parts.push(release);
    if (all || options.has('-v')) parts.push(build);
    if (all || options.has('-m')) parts.push('x86_64');
    if (all) parts.push('GNU/Linux');
    yield* print(STDOUT, `${parts.length === 0 ? 'Linux' : parts.join(' ')}\n`);
    return 0;
  },
);

export const ps = withOptions(
  {
    name: 'ps',
    summary: 'Lists processes.',
    options: [
      { flag: '-e', description: 'all processes; the model always lists all' },
      { flag: 'aux', description: 'the same, as many type it' },
    ],
  },
  function* () {
    let text = '    PID STAT COMMAND\n';
    for (const task of yield* init_task_tasks().read()) {
      text += `${String(task.pid).padStart(7)} ${stateOf(task)[0].padEnd(4)} ${task.comm}\n`;
    }
    yield* print(STDOUT, text);
    return 0;
  },
);

export const nproc = withOptions(
  { name: 'nproc', summary: 'Prints how many CPUs there are.', options: [] },
  function* () {
    yield* print(STDOUT, `${kernel().cpus}\n`);
    return 0;
  },
);

export const hostname = withOptions(
  { name: 'hostname', summary: "Prints the host's name.", options: [] },
  function* () {
    yield* print(STDOUT, 'virtme-ng\n');
    return 0;
  },
);

export const whoami = withOptions(
  { name: 'whoami', summary: "Prints the user's name.", options: [] },
  function* () {
    yield* print(STDOUT, 'root\n');
    return 0;
  },
);

export const id = withOptions(
  {
    name: 'id',
    summary: 'Prints who the user is.',
    options: [{ flag: '-u', description: 'only the number' }],
  },
  function* (options) {
    yield* print(STDOUT, options.has('-u') ? '0\n' : 'uid=0(root) gid=0(root) groups=0(root)\n');
    return 0;
  },
);

export const env = withOptions(
  { name: 'env', summary: 'Prints the environment.', options: [] },
  function* (_options, { environment }) {
    for (const [name, value] of environment) yield* print(STDOUT, `${name}=${value}\n`);
    return 0;
  },
);

import type { Body } from '../../sim/call.ts';
import { seconds, type Ns } from '../../base/brand.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { SIGKILL } from '../../kernel/include/signal.ts';
import { findCommand } from '../shell/command-search.ts';
import { Shell, type ShellHost } from '../shell/shell.ts';
import { signalNumber, statusOf } from '../shell/signals.ts';
import { ShellState } from '../shell/state.ts';
import { kill, nanosleep, print, STDERR, STDOUT, wait4 } from '../userland/libc.ts';
import { execve, spawnProgram } from '../userland/process.ts';
import { dateText, now } from './date.ts';
import { linesOf } from './files.ts';
import { durationOf } from './system.ts';
import type { Invocation, Program } from './program.ts';

// Programs that run other commands: they look them up as the shell does, without its builtins and functions.

type Find = ShellHost['findProgram'];

/** The program of a command word; a complaint and its status if there is none. */
function* lookUp(find: Find, caller: string, word: string, invocation: Invocation): Body<Program | number> {
  const found = yield* findCommand(
    new Shell({ parse: invocation.parse, findProgram: find }, new ShellState()),
    word,
  );
  if ('program' in found) return found.program;
  const reason = found.message.replace(/^.*: /, '').replace('command not found', 'No such file or directory');
  yield* print(STDERR, `${caller}: failed to run command '${word}': ${reason}\n`);
  return found.status;
}

/** Starts a command as a child. The result is its pid, or below 0 the status to end with, negated. */
export function* startCommand(
  find: Find,
  caller: string,
  words: readonly string[],
  invocation: Invocation,
): Body<{ readonly pid: number } | { readonly status: number }> {
  const [name = '', ...args] = words;
  const program = yield* lookUp(find, caller, name, invocation);
  if (typeof program === 'number') return { status: program };
  const pid = yield* spawnProgram(program.name, () => program.main({ ...invocation, name, args }));
  if (pid >= 0) return { pid };
  yield* print(STDERR, `${caller}: cannot fork: ${strerror(pid)}\n`);
  return { status: 125 };
}

function* runCommand(
  find: Find,
  caller: string,
  words: readonly string[],
  invocation: Invocation,
): Body<number> {
  const started = yield* startCommand(find, caller, words, invocation);
  if ('status' in started) return started.status;
  const waited = yield* wait4(started.pid);
  return typeof waited === 'number' ? 125 : statusOf(waited.status);
}

/** Becomes another command, as `env` and `nohup` do in the end. */
function* become(find: Find, caller: string, words: readonly string[], invocation: Invocation): Body<number> {
  const [name = '', ...args] = words;
  const program = yield* lookUp(find, caller, name, invocation);
  if (typeof program === 'number') return program;
  const status = yield* execve(program, { ...invocation, name, args });
  return status < 0 ? 126 : status;
}

const described = (
  name: string,
  summary: string,
  operands: string,
  main: (invocation: Invocation) => Body<number>,
  options: Program['options'] = [],
): Program => ({
  ...{ name, summary, operands, options },
  *main(invocation) {
    if (invocation.args[0] !== '--help') return yield* main(invocation);
    const rows = options.map(
      ({ flag, value, description }) => `  ${`${flag} ${value ?? ''}`.padEnd(12)} ${description}\n`,
    );
    yield* print(STDOUT, `usage: ${name} ${operands}\n${summary}\n${rows.join('')}`);
    return 0;
  },
});

const env = (find: Find): Program =>
  described(
    'env',
    'Runs a command in a changed environment, or prints the environment.',
    '[-i] [-u NAME] [NAME=VALUE]... [COMMAND [ARGUMENT]...]',
    function* (invocation) {
      const { args } = invocation;
      let environment = new Map(invocation.environment);
      let at = 0;
      for (; at < args.length; at++) {
        if (args[at] === '-i' || args[at] === '-') environment = new Map();
        else if (args[at] === '-u') environment.delete(args[++at] ?? '');
        else if (/^\w+=/.test(args[at])) environment.set(...split(args[at]));
        else break;
      }
      if (at < args.length) return yield* become(find, 'env', args.slice(at), { ...invocation, environment });
      for (const [name, value] of environment) yield* print(STDOUT, `${name}=${value}\n`);
      return 0;
    },
  );

const split = (word: string): [string, string] => {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
};

/** A child that sends a signal to another process after a while. Gives its pid. */
const alarm = (pid: number, signal: number, duration: number) =>
  spawnProgram('timeout', function* () {
    yield* nanosleep(duration as Ns);
    yield* kill(pid, signal);
    return 0;
  });

/** Waits for a command, but only until its alarm goes off: null then. */
function* waitWithAlarm(pid: number, clock: number): Body<number | null> {
  for (;;) {
    const waited = yield* wait4(-1);
    if (typeof waited === 'number' || waited.pid === clock) return null;
    if (waited.pid !== pid) continue;
    yield* kill(clock, 9);
    yield* wait4(clock);
    return waited.status;
  }
}

const timeout = (find: Find): Program =>
  described(
    'timeout',
    'Runs a command and ends it if it takes too long.',
    '[-s SIGNAL] [-k DURATION] DURATION COMMAND [ARGUMENT]...',
    function* (invocation) {
      const { args } = invocation;
      let signal = 15;
      let killAfter: number | null = null;
      let at = 0;
      for (; isOption(args[at]); at++) {
        const value = (): string =>
          args[at].length > 2 && !args[at].startsWith('--') ? args[at].slice(2) : (args[++at] ?? '');
        if (args[at].startsWith('-s')) signal = signalNumber(value()) ?? 15;
        else if (args[at].startsWith('-k')) killAfter = durationOf(value());
      }
      const duration = durationOf(args[at] ?? '');
      if (duration === null || at + 1 >= args.length) {
        yield* print(
          STDERR,
          duration === null && args[at] !== undefined
            ? `timeout: invalid time interval '${args[at]}'\n`
            : "timeout: missing operand\nTry 'timeout --help' for more information.\n",
        );
        return 125;
      }
      const started = yield* startCommand(find, 'timeout', args.slice(at + 1), invocation);
      if ('status' in started) return started.status;
      const { pid } = started;
      const inTime = yield* waitWithAlarm(pid, yield* alarm(pid, signal, duration));
      if (inTime !== null) return statusOf(inTime);
      const late =
        killAfter === null ? null : yield* waitWithAlarm(pid, yield* alarm(pid, SIGKILL, killAfter));
      const waited = late === null ? yield* wait4(pid) : { status: late };
      const status = typeof waited === 'number' ? 0 : waited.status;
      return (status & 0x7f) === SIGKILL ? 128 + SIGKILL : 124;
    },
    [
      { flag: '-s', value: 'SIGNAL', description: 'what it is ended by (TERM)' },
      { flag: '-k', value: 'DURATION', description: 'if it still runs so long afterwards: by KILL' },
    ],
  );

const xargs = (find: Find): Program =>
  described(
    'xargs',
    'Runs a command with words of standard input as arguments.',
    '[-n COUNT] [-I WORD] [-t] [-r] [COMMAND [ARGUMENT]...]',
    function* (invocation) {
      const { args } = invocation;
      let most = Infinity;
      let replace: string | null = null;
      let [trace, skipEmpty] = [false, false];
      let at = 0;
      for (; isOption(args[at]); at++) {
        const word = args[at];
        const value = (): string => (word.length > 2 ? word.slice(2) : (args[++at] ?? ''));
        if (word.startsWith('-n')) most = Number(value());
        else if (word.startsWith('-I')) replace = value();
        else if (word === '-t') trace = true;
        else if (word === '-r' || word === '--no-run-if-empty') skipEmpty = true;
        else {
          yield* print(STDERR, `xargs: invalid option -- '${word.slice(1)}'\n`);
          return 1;
        }
      }
      const command = at < args.length ? args.slice(at) : ['echo'];
      const { lines } = yield* linesOf('xargs', []);
      const words =
        replace === null
          ? lines.flatMap((line) => line.split(/\s+/)).filter((word) => word !== '')
          : lines.filter((line) => line.trim() !== '');
      const groups: string[][] = [];
      const size = replace === null ? most : 1;
      for (let i = 0; i < words.length; i += size) groups.push(words.slice(i, i + size));
      if (groups.length === 0 && !skipEmpty && replace === null) groups.push([]);
      let status = 0;
      for (const group of groups) {
        const mark = replace;
        const whole =
          mark === null
            ? [...command, ...group]
            : command.map((word) => word.replaceAll(mark, group[0].trim()));
        if (trace) yield* print(STDERR, `${whole.join(' ')}\n`);
        const ended = yield* runCommand(find, 'xargs', whole, invocation);
        if (ended === 126 || ended === 127) return ended;
        if (ended !== 0) status = 123;
      }
      return status;
    },
    [
      { flag: '-n', value: 'COUNT', description: 'at most so many words for each call' },
      { flag: '-I', value: 'WORD', description: 'a call for each line, which stands in for WORD' },
      { flag: '-t', description: 'show each call' },
      { flag: '-r', description: 'no call without words' },
    ],
  );

const watch = (find: Find): Program =>
  described(
    'watch',
    'Runs a command again and again. Each time its output is printed below the last.',
    '[-n SECONDS] [-t] COMMAND...',
    function* (invocation) {
      const { args } = invocation;
      let interval = seconds(2);
      let titled = true;
      let at = 0;
      for (; isOption(args[at]); at++) {
        const word = args[at];
        if (word.startsWith('-n'))
          interval = Math.floor(Number(word.length > 2 ? word.slice(2) : args[++at]) * 1e9) as Ns;
        else if (word === '-t') titled = false;
      }
      const command = args.slice(at).join(' ');
      if (command === '' || !Number.isFinite(interval) || interval <= 0) {
        yield* print(STDERR, 'Usage:\n watch [options] command\n');
        return 1;
      }
      for (;;) {
        if (titled) {
          const title = `Every ${(interval / 1e9).toFixed(1)}s: ${command}`;
          yield* print(
            STDOUT,
            `\u001b[H\u001b[J${title}    ${dateText(now().seconds, '%a %b %e %T %Y')}\n\n`,
          );
        }
        const status = yield* runCommand(find, 'watch', ['sh', '-c', command], invocation);
        if (status >= 126) return status;
        yield* nanosleep(interval);
      }
    },
    [
      { flag: '-n', value: 'SECONDS', description: 'with so long in between (2)' },
      { flag: '-t', description: 'without a title' },
    ],
  );

const which = (find: Find): Program =>
  described('which', 'Tells where commands are.', 'COMMAND...', function* ({ args }) {
    let status = args.length === 0 ? 1 : 0;
    for (const word of args.filter((arg) => !arg.startsWith('-'))) {
      if (find(word) === null) status = 1;
      else yield* print(STDOUT, word.includes('/') ? `${word}\n` : `/usr/bin/${word}\n`);
    }
    return status;
  });

/** Commands that only change how another one runs, by something that the model does not have: it runs as it is. */
const passing =
  (name: string, summary: string, values: readonly string[]) =>
  (find: Find): Program =>
    described(name, summary, '[OPTION]... COMMAND [ARGUMENT]...', function* (invocation) {
      const { args } = invocation;
      let at = 0;
      while (isOption(args[at])) at += values.includes(args[at]) ? 2 : 1;
      return yield* become(find, name, args.slice(at), invocation);
    });

const isOption = (word: string | undefined): word is string => word?.startsWith('-') ?? false;

const LAUNCHERS: readonly ((find: Find) => Program)[] = [
  env,
  timeout,
  xargs,
  watch,
  which,
  passing('nohup', 'Runs a command that hang-ups do not end; nobody hangs up here.', []),
  passing('nice', 'Runs a command; priorities of ordinary tasks are all the same here.', ['-n']),
  passing('stdbuf', 'Runs a command; nothing is buffered here.', ['-o', '-i', '-e']),
];

/** All of them, for the programs that `find` knows. */
export const launchers = (find: Find): readonly Program[] => LAUNCHERS.map((make) => make(find));

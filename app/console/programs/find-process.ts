import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { SIGTERM } from '../../kernel/include/signal.ts';
import { allTasks } from '../../kernel/fs/proc/tasks.ts';
import { current, PF_KTHREAD, type TaskStruct } from '../../kernel/include/sched.ts';
import { SIGNAL_NAMES, signalNumber } from '../shell/signals.ts';
import { kill, print, STDERR, STDOUT } from '../userland/libc.ts';
import { withOptions, type OptionReader, type Program } from './program.ts';

// pidof, pgrep, pkill and killall: processes by their names.

/** What the whole command line says; a thread of the kernel has its name only. */
const lineOf = ({ arg_words, comm }: TaskStruct): string =>
  arg_words.length > 0 ? arg_words.join(' ') : comm;
const isUser = ({ flags }: TaskStruct): boolean => (flags & PF_KTHREAD) === 0;

function* others(): Body<readonly TaskStruct[]> {
  const me = current().tgid;
  return (yield* allTasks()).filter(({ tgid }) => tgid !== me);
}

export const pidof = withOptions(
  {
    name: 'pidof',
    summary: 'Prints the pids of programs, newest first.',
    operands: 'PROGRAM...',
    options: [],
  },
  function* ({ operands }) {
    const names = new Set(operands.map((path) => path.slice(path.lastIndexOf('/') + 1)));
    const pids = (yield* others())
      .filter((task) => isUser(task) && names.has(task.comm))
      .map(({ pid }) => pid);
    if (pids.length > 0) yield* print(STDOUT, `${pids.reverse().join(' ')}\n`);
    return pids.length > 0 ? 0 : 1;
  },
);

const MATCHING = [
  { flag: '-f', description: 'the whole command line is matched' },
  { flag: '-n', description: 'only the newest' },
  { flag: '-o', description: 'only the oldest' },
  { flag: '-x', description: 'the whole name has to match' },
];

/** Those whose name matches; null after a complaint. */
function* matching(name: string, options: OptionReader): Body<readonly TaskStruct[] | null> {
  const [pattern, ...more] = options.operands;
  if (pattern === undefined || more.length > 0) {
    const why = pattern === undefined ? 'no matching criteria specified' : 'only one pattern can be provided';
    yield* print(STDERR, `${name}: ${why}\nTry \`${name} --help' for more information.\n`);
    return null;
  }
  let test: RegExp;
  try {
    test = new RegExp(options.has('-x') ? `^(?:${pattern})$` : pattern);
  } catch {
    yield* print(STDERR, `${name}: invalid regular expression: ${pattern}\n`);
    return null;
  }
  const found = (yield* others()).filter((task) => test.test(options.has('-f') ? lineOf(task) : task.comm));
  if (options.has('-n')) return found.slice(-1);
  return options.has('-o') ? found.slice(0, 1) : found;
}

export const pgrep = withOptions(
  {
    name: 'pgrep',
    summary: 'Prints the pids of processes whose names match.',
    operands: 'PATTERN',
    permutes: true,
    options: [
      ...MATCHING,
      { flag: '-c', description: 'only how many there are' },
      { flag: '-l', description: 'with names' },
      { flag: '-a', description: 'with command lines' },
    ],
  },
  function* (options) {
    const found = yield* matching('pgrep', options);
    if (found === null) return 2;
    const shown = (task: TaskStruct): string => {
      if (options.has('-a')) return `${task.pid} ${lineOf(task)}\n`;
      return options.has('-l') ? `${task.pid} ${task.comm}\n` : `${task.pid}\n`;
    };
    yield* print(STDOUT, options.has('-c') ? `${found.length}\n` : found.map(shown).join(''));
    return found.length > 0 ? 0 : 1;
  },
);

/** `-9`, `-KILL`, `-s KILL`: takes the signal out of the words. Null for one that is unknown. */
function signalFrom(args: readonly string[]): { readonly signal: number; readonly rest: string[] } | null {
  const rest = [...args];
  const at = rest.findIndex((word) => word === '-s' || word === '--signal');
  const word =
    at >= 0
      ? rest.splice(at, 2)[1]
      : SIGNAL_WORD.test(rest[0] ?? '')
        ? (rest.shift() ?? '').slice(1)
        : undefined;
  if (word === undefined) return { signal: SIGTERM, rest };
  const signal = signalNumber(word);
  return signal === null ? null : { signal, rest };
}

const SIGNAL_WORD = new RegExp(`^-(?:\\d+|(?:SIG)?(?:${SIGNAL_NAMES.join('|')}))$`);

/** A program that takes a signal before its other options. */
function signalling(
  about: Omit<Program, 'main'>,
  act: (options: OptionReader, signal: number) => Body<number>,
): Program {
  return {
    ...about,
    *main(invocation) {
      const found = signalFrom(invocation.args);
      if (found === null) {
        yield* print(STDERR, `${about.name}: unknown signal\n`);
        return 1;
      }
      const program = withOptions(about, (options) => act(options, found.signal));
      return yield* program.main({ ...invocation, args: found.rest });
    },
  };
}

function* send(name: string, { pid }: TaskStruct, signal: number): Body<boolean> {
  const error = yield* kill(pid, signal);
  if (error !== 0) yield* print(STDERR, `${name}: killing pid ${pid} failed: ${strerror(error)}\n`);
  return error === 0;
}

export const pkill = signalling(
  {
    name: 'pkill',
    summary: 'Sends a signal to processes whose names match.',
    operands: '[-SIGNAL] PATTERN',
    permutes: true,
    options: MATCHING,
  },
  function* (options, signal) {
    const found = yield* matching('pkill', options);
    if (found === null) return 2;
    let status = 1;
    for (const task of found) if (yield* send('pkill', task, signal)) status = 0;
    return status;
  },
);

export const killall = signalling(
  {
    name: 'killall',
    summary: 'Sends a signal to the processes of a program.',
    operands: '[-SIGNAL] NAME...',
    permutes: true,
    options: [{ flag: '-q', description: 'says nothing if there is none' }],
  },
  function* (options, signal) {
    let status = options.operands.length === 0 ? 1 : 0;
    for (const name of options.operands) {
      const found = (yield* others()).filter((task) => isUser(task) && task.comm === name);
      if (found.length === 0) {
        if (!options.has('-q')) yield* print(STDERR, `${name}: no process found\n`);
        status = 1;
      }
      for (const task of found) if (!(yield* send('killall', task, signal))) status = 1;
    }
    return status;
  },
);

import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { current } from '../../kernel/include/sched.ts';
import { chdir, kill, print, read, STDIN, STDOUT, wait4 } from '../userland/libc.ts';
import { handleSignal } from '../userland/process.ts';
import { testCommand } from './conditional.ts';
import { format } from './printf.ts';
import type { Shell } from './shell.ts';
import { signalName, signalNumber, SIGNAL_NAMES, statusOf } from './signals.ts';

interface Builtin {
  run(shell: Shell, args: readonly string[]): Body<number>;
}

/** Prints a builtin's output; what the write fails with is its status. */
function* output(shell: Shell, name: string, text: string): Body<number> {
  const error = yield* print(STDOUT, text);
  if (error === 0) return 0;
  yield* shell.complain(`${name}: write error: ${strerror(error)}`);
  return 1;
}

function* echo(shell: Shell, args: readonly string[]): Body<number> {
  let newline = true;
  let escapes = false;
  let at = 0;
  for (; at < args.length && /^-[neE]+$/.test(args[at]); at++) {
    if (args[at].includes('n')) newline = false;
    if (args[at].includes('e')) escapes = true;
    if (args[at].includes('E')) escapes = false;
  }
  const words = args.slice(at).join(' ');
  const text = escapes ? format('%b', [words]) : words;
  return yield* output(shell, 'echo', newline ? `${text}\n` : text);
}

function* printf(shell: Shell, args: readonly string[]): Body<number> {
  if (args.length === 0) {
    yield* shell.complain('printf: usage: printf format [arguments]');
    return 2;
  }
  return yield* output(shell, 'printf', format(args[0], args.slice(1)));
}

function* test(shell: Shell, args: readonly string[]): Body<number> {
  const result = yield* testCommand(shell, args);
  if (typeof result !== 'string') return result;
  yield* shell.complain(`test: ${result}`);
  return 2;
}

function* bracket(shell: Shell, args: readonly string[]): Body<number> {
  if (args[args.length - 1] !== ']') {
    yield* shell.complain("[: missing `]'");
    return 2;
  }
  const result = yield* testCommand(shell, args.slice(0, -1));
  if (typeof result !== 'string') return result;
  yield* shell.complain(`[: ${result}`);
  return 2;
}

function* cd(shell: Shell, args: readonly string[]): Body<number> {
  const { variables } = shell.state;
  const target =
    args[0] === '-' ? (variables.get('OLDPWD') ?? '/') : (args[0] ?? variables.get('HOME') ?? '/');
  const before = current().pwd;
  const error = yield* chdir(target);
  if (error < 0) {
    yield* shell.complain(`cd: ${target}: ${strerror(error)}`);
    return 1;
  }
  variables.set('OLDPWD', before);
  variables.set('PWD', current().pwd);
  return 0;
}

/** A number argument of `break`, `exit` and the like; null if it is none, which is reported. */
function* numberArgument(
  shell: Shell,
  name: string,
  word: string | undefined,
  fallback: number,
): Body<number | null> {
  if (word === undefined) return fallback;
  if (/^\d+$/.test(word)) return Number(word);
  yield* shell.complain(`${name}: ${word}: numeric argument required`);
  return null;
}

const leaveLoop = (kind: 'break' | 'continue') =>
  function* (shell: Shell, args: readonly string[]): Body<number> {
    const levels = yield* numberArgument(shell, kind, args[0], 1);
    if (levels === null || levels === 0) return 1;
    const { state } = shell;
    if (state.loops === 0) {
      yield* shell.complain(`${kind}: only meaningful in a \`for', \`while', or \`until' loop`);
      return 0;
    }
    state.unwinding = { kind, levels: Math.min(levels, state.loops) };
    return 0;
  };

const leave = (kind: 'exit' | 'return') =>
  function* (shell: Shell, args: readonly string[]): Body<number> {
    const status = (yield* numberArgument(shell, kind, args[0], shell.state.status)) ?? 2;
    shell.state.unwinding = { kind, status: status & 0xff };
    return status & 0xff;
  };

function* exportVariables(shell: Shell, args: readonly string[]): Body<number> {
  for (const word of args) {
    const at = word.indexOf('=');
    const name = at < 0 ? word : word.slice(0, at);
    if (at >= 0) shell.assign(name, word.slice(at + 1));
    shell.state.exported.add(name);
  }
  return 0;
}

function* local(shell: Shell, args: readonly string[]): Body<number> {
  for (const word of args) {
    const at = word.indexOf('=');
    if (at >= 0) shell.assign(word.slice(0, at), word.slice(at + 1));
  }
  return 0;
}

function* set(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (word === '--') {
      state.args = args.slice(at + 1);
      return 0;
    }
    if (!/^[-+][a-z]+$/.test(word)) {
      state.args = args.slice(at);
      return 0;
    }
    const on = word.startsWith('-');
    for (const letter of word.slice(1)) {
      if (letter === 'e') state.errexit = on;
      else if (letter === 'x') state.xtrace = on;
      else if (letter === 'u') state.nounset = on;
      else if (letter === 'f') state.noglob = on;
      else if (letter === 'o') at++;
      else {
        yield* shell.complain(`set: -${letter}: option not supported here`);
        return 2;
      }
    }
  }
  return 0;
}

function* unset(shell: Shell, args: readonly string[]): Body<number> {
  for (const name of args) {
    if (name.startsWith('-')) continue;
    shell.state.variables.delete(name);
    shell.state.exported.delete(name);
    shell.state.functions.delete(name);
  }
  return 0;
}

function* shift(shell: Shell, args: readonly string[]): Body<number> {
  const count = yield* numberArgument(shell, 'shift', args[0], 1);
  if (count === null || count > shell.state.args.length) return 1;
  shell.state.args = shell.state.args.slice(count);
  return 0;
}

/** `read NAME...`: one line, cut at blanks. */
function* readLine(shell: Shell, args: readonly string[]): Body<number> {
  const names = args.filter((word) => !word.startsWith('-'));
  let line = '';
  for (;;) {
    const character = yield* read(STDIN, 1);
    if (typeof character === 'number' || character === '') {
      if (line === '') return 1;
      break;
    }
    if (character === '\n') break;
    line += character;
  }
  const words = line.trim().split(/\s+/);
  if (names.length === 0) shell.assign('REPLY', line);
  for (const [i, name] of names.entries()) {
    shell.assign(name, i === names.length - 1 ? words.slice(i).join(' ') : (words[i] ?? ''));
  }
  return 0;
}

/** `wait [-n] [PID...]`: without arguments for all background jobs. */
function* wait(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  if (args[0] === '-n') {
    const waited = yield* wait4(-1);
    return typeof waited === 'number' ? 127 : statusOf(waited.status);
  }
  if (args.length === 0) {
    for (const pid of state.jobs.flatMap((job) => job.pids)) yield* shell.waitForChild(pid, false);
    state.jobs = [];
    return 0;
  }
  let status = 0;
  for (const word of args) {
    const pid = jobPid(shell, word);
    if (pid === null) {
      yield* shell.complain(`wait: \`${word}': not a pid or valid job spec`);
      return 1;
    }
    const mine = state.jobs.some((job) => job.pids.includes(pid)) || state.ended.has(pid);
    if (!mine) {
      yield* shell.complain(`wait: pid ${pid} is not a child of this shell`);
      status = 127;
      continue;
    }
    status = yield* shell.waitForChild(pid, true);
    state.ended.set(pid, status);
    state.jobs = state.jobs.filter((job) => job.pids[job.pids.length - 1] !== pid);
  }
  return status;
}

/** `%1`, `%%` or a number. */
function jobPid(shell: Shell, word: string): number | null {
  if (/^\d+$/.test(word)) return Number(word);
  const { jobs } = shell.state;
  if (!word.startsWith('%')) return null;
  const job =
    word === '%%' || word === '%+' || word === '%'
      ? jobs[jobs.length - 1]
      : jobs.find(({ number, text }) => String(number) === word.slice(1) || text.startsWith(word.slice(1)));
  return job === undefined ? null : (job.pids[job.pids.length - 1] ?? null);
}

function* jobs(shell: Shell): Body<number> {
  const list = shell.state.jobs;
  for (const [i, { number, text }] of list.entries()) {
    const mark = i === list.length - 1 ? '+' : i === list.length - 2 ? '-' : ' ';
    yield* print(STDOUT, `[${number}]${mark}  Running                 ${text} &\n`);
  }
  return 0;
}

/** `kill [-SIGNAL] PID...` */
function* killCommand(shell: Shell, args: readonly string[]): Body<number> {
  let signal = 15;
  let at = 0;
  if (args[0] === '-l') return yield* output(shell, 'kill', `${SIGNAL_NAMES.join(' ')}\n`);
  if (args[0] === '-s' || args[0] === '-n') {
    at = 2;
    signal = signalNumber(args[1] ?? '') ?? -1;
  } else if (args[0]?.startsWith('-') && args[0] !== '--') {
    at = 1;
    signal = signalNumber(args[0].slice(1)) ?? -1;
  } else if (args[0] === '--') at = 1;
  if (signal < 0) {
    yield* shell.complain(`kill: ${args[at - 1].replace(/^-/, '')}: invalid signal specification`);
    return 1;
  }
  if (at >= args.length) {
    yield* shell.complain(
      'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l',
    );
    return 2;
  }
  let status = 0;
  for (const word of args.slice(at)) {
    const pid = /^-\d+$/.test(word) ? Number(word) : jobPid(shell, word);
    if (pid === null) {
      yield* shell.complain(`kill: ${word}: arguments must be process or job IDs`);
      status = 1;
      continue;
    }
    const error = yield* kill(pid, signal);
    if (error < 0) {
      yield* shell.complain(`kill: (${pid}) - ${strerror(error)}`);
      status = 1;
    }
  }
  return status;
}

/** `trap [COMMAND] SIGNAL...`: `''` ignores a signal, `-` has its default back. */
function* trap(shell: Shell, args: readonly string[]): Body<number> {
  const { traps } = shell.state;
  if (args.length === 0) {
    for (const [signal, command] of traps) {
      yield* print(STDOUT, `trap -- '${command}' ${signal === 0 ? 'EXIT' : `SIG${signalName(signal)}`}\n`);
    }
    return 0;
  }
  const [command, ...names] = args.length === 1 ? ['-', ...args] : args;
  for (const name of names) {
    const signal = name === 'EXIT' ? 0 : signalNumber(name);
    if (signal === null) {
      yield* shell.complain(`trap: ${name}: invalid signal specification`);
      return 1;
    }
    if (command === '-') traps.delete(signal);
    else traps.set(signal, command);
    if (signal !== 0)
      handleSignal(signal, command === '-' ? 'default' : command === '' ? 'ignore' : 'handle');
  }
  return 0;
}

function* type(shell: Shell, args: readonly string[]): Body<number> {
  let status = 0;
  for (const name of args) {
    let text: string;
    if (shell.state.functions.has(name)) text = `${name} is a function`;
    else if (builtins.has(name)) text = `${name} is a shell builtin`;
    else if (shell.host.findProgram(name) !== null) text = `${name} is /usr/local/bin/${name}`;
    else {
      yield* shell.complain(`type: ${name}: not found`);
      status = 1;
      continue;
    }
    yield* print(STDOUT, `${text}\n`);
  }
  return status;
}

/** `command -v NAME` says how a name would be understood. */
function* command(shell: Shell, args: readonly string[]): Body<number> {
  const [flag, name] = args;
  if (flag !== '-v' || name === undefined) return yield* shell.eval(args.join(' '));
  const known = shell.state.functions.has(name) || builtins.has(name);
  if (!known && shell.host.findProgram(name) === null) return 1;
  return yield* output(shell, 'command', `${known ? name : `/usr/local/bin/${name}`}\n`);
}

function* constant(status: number): Body<number> {
  return status;
}

/** Commands that the shell runs itself. `exec` is only named here: the shell does it, as its redirections stay. */
export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', { run: () => constant(0) }],
  ['[', { run: bracket }],
  ['break', { run: leaveLoop('break') }],
  ['cd', { run: cd }],
  ['command', { run: command }],
  ['continue', { run: leaveLoop('continue') }],
  ['echo', { run: echo }],
  ['eval', { run: (shell, args) => shell.eval(args.join(' ')) }],
  ['exec', { run: () => constant(0) }],
  ['exit', { run: leave('exit') }],
  ['export', { run: exportVariables }],
  ['false', { run: () => constant(1) }],
  ['jobs', { run: jobs }],
  ['kill', { run: killCommand }],
  ['local', { run: local }],
  ['printf', { run: printf }],
  ['pwd', { run: (shell) => output(shell, 'pwd', `${current().pwd}\n`) }],
  ['read', { run: readLine }],
  ['return', { run: leave('return') }],
  ['set', { run: set }],
  ['shift', { run: shift }],
  ['test', { run: test }],
  ['trap', { run: trap }],
  ['true', { run: () => constant(0) }],
  ['type', { run: type }],
  ['unset', { run: unset }],
  ['wait', { run: wait }],
]);

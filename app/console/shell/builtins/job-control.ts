import type { Body } from '../../../sim/call.ts';
import { errnoName, strerror } from '../../../kernel/include/errno.ts';
import { current } from '../../../kernel/include/sched.ts';
import { SIGCONT, SIGTERM } from '../../../kernel/include/signal.ts';
import { kill, print, STDOUT, wait4 } from '../../userland/libc.ts';
import { handleSignal } from '../../userland/process.ts';
import type { Job } from '../jobs.ts';
import type { Shell } from '../shell.ts';
import { SIGNAL_NAMES, signalName, signalNumber, statusOf } from '../signals.ts';
import { quote } from '../quote.ts';
import { collect, continueJob, note, waitForChild } from '../waiting.ts';
import { failure, letters, output, usage } from './builtin.ts';

const home = ({ state }: Shell): string => state.variables.get('HOME') ?? '';

/** The job that a word names, or a complaint. */
function* jobOf(shell: Shell, name: string, word: string | undefined): Body<Job | null> {
  const found = shell.state.jobs.find(word ?? '%%');
  if (typeof found !== 'string') return found;
  const shown = word ?? 'current';
  yield* shell.complain(
    found === 'ambiguous' ? `${name}: ${shown}: ambiguous job spec` : `${name}: ${shown}: no such job`,
  );
  return null;
}

export function* jobs(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 'lnprs');
  if (bad !== null) {
    yield* shell.complain(`jobs: ${bad}: invalid option`);
    return yield* usage('jobs', '[-lnprs] [jobspec ...] or jobs -x command [args]');
  }
  const { state } = shell;
  if (state.options.monitor) yield* collect(shell);
  let list: readonly Job[] = [...state.jobs.list].sort((a, b) => a.number - b.number);
  if (operands.length > 0) {
    const named: Job[] = [];
    for (const word of operands) {
      const job = yield* jobOf(shell, 'jobs', word);
      if (job === null) return 1;
      named.push(job);
    }
    list = named;
  }
  for (const job of list) {
    if (flags.has('r') && job.state !== 'running') continue;
    if (flags.has('s') && job.state !== 'stopped') continue;
    const line = flags.has('p')
      ? `${job.pids[0] ?? 0}\n`
      : state.jobs.line(job, current().pwd, home(shell), flags.has('l'));
    yield* print(STDOUT, line);
    job.told = true;
  }
  for (const job of list.filter((one) => one.state === 'done')) state.jobs.remove(job);
  return 0;
}

export function* fg(shell: Shell, args: readonly string[]): Body<number> {
  if (!shell.state.options.monitor) return yield* failure(shell, 'fg: no job control');
  const job = yield* jobOf(shell, 'fg', args[0]);
  if (job === null) return 1;
  if (job.state === 'done') return yield* failure(shell, 'fg: job has terminated');
  yield* print(STDOUT, `${job.text}\n`);
  return yield* continueJob(shell, job, true);
}

export function* bg(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  if (!state.options.monitor) return yield* failure(shell, 'bg: no job control');
  let status = 0;
  for (const word of args.length === 0 ? [undefined] : args) {
    const job = yield* jobOf(shell, 'bg', word);
    if (job === null) {
      status = 1;
      continue;
    }
    if (job.state === 'running') {
      yield* shell.complain(`bg: job ${job.number} already in background`);
      continue;
    }
    if (job.state === 'done') {
      status = yield* failure(shell, 'bg: job has terminated');
      continue;
    }
    const mark = state.jobs.mark(job);
    yield* print(STDOUT, `[${job.number}]${mark === ' ' ? '' : mark} ${job.text} &\n`);
    yield* continueJob(shell, job, false);
    state.lastBackground = job.lastPid;
  }
  return status;
}

export function* disown(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  const { flags, operands, bad } = letters(args, 'ahr');
  if (bad !== null) {
    yield* shell.complain(`disown: ${bad}: invalid option`);
    return yield* usage('disown', '[-h] [-ar] [jobspec ... | pid ...]');
  }
  const chosen: Job[] = [];
  if (flags.has('a') || flags.has('r')) {
    chosen.push(...state.jobs.list.filter((job) => !flags.has('r') || job.state === 'running'));
  } else {
    for (const word of operands.length === 0 ? [undefined] : operands) {
      const byPid = state.jobs.list.find(({ pids }) => pids.includes(Number(word)));
      const job = byPid ?? (yield* jobOf(shell, 'disown', word));
      if (job === null) return 1;
      chosen.push(job);
    }
  }
  if (!flags.has('h')) for (const job of chosen) state.jobs.remove(job);
  return 0;
}

/** `wait [-n] [PID|JOB...]`: without arguments for all background jobs. */
export function* wait(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  const { flags, operands, bad } = letters(args, 'fn', 'p');
  if (bad !== null) {
    yield* shell.complain(`wait: ${bad}: invalid option`);
    return yield* usage('wait', '[-fn] [-p var] [id ...]');
  }
  if (flags.has('n')) return yield* waitForAny(shell, flags.get('p'));
  if (operands.length === 0) {
    for (const job of [...state.jobs.list]) {
      if (job.state === 'stopped') continue;
      for (const pid of job.pids) {
        if (job.processes.some((process) => process.pid === pid && process.status !== null))
          state.ended.delete(pid);
        else yield* waitForChild(shell, pid, false);
        if (state.unwinding !== null) return state.status;
      }
      if (!state.interactive) state.jobs.remove(job);
    }
    return 0;
  }
  let status = 0;
  for (const word of operands) {
    status = yield* waitForOne(shell, word);
    if (state.unwinding !== null) return state.status;
  }
  return status;
}

function* waitForOne(shell: Shell, word: string): Body<number> {
  const { state } = shell;
  let pid = Number(word);
  if (word.startsWith('%')) {
    const found = yield* jobOf(shell, 'wait', word);
    if (found === null) return 127;
    pid = found.lastPid;
  } else if (!/^\d+$/.test(word)) {
    return yield* failure(shell, `wait: \`${word}': not a pid or valid job spec`);
  }
  const job = state.jobs.list.find(({ pids }) => pids.includes(pid));
  if (job === undefined && !state.ended.has(pid)) {
    return yield* failure(shell, `wait: pid ${pid} is not a child of this shell`, 127);
  }
  const status = yield* waitForChild(shell, pid, !state.interactive);
  if (state.unwinding !== null) return state.status;
  state.ended.set(pid, status);
  if (job?.lastPid === pid) {
    if (!state.interactive) state.jobs.remove(job);
  }
  return status;
}

/** `wait -n`: for whichever job ends next. */
function* waitForAny(shell: Shell, variable: string | undefined): Body<number> {
  const { state } = shell;
  for (;;) {
    const waited = yield* wait4(-1);
    if (typeof waited === 'number') {
      if (errnoName(waited) !== 'EINTR') return 127;
      yield* shell.runTraps();
      if (state.unwinding !== null) return state.status;
      continue;
    }
    note(shell, waited);
    if (variable !== undefined) shell.assign(variable, String(waited.pid));
    return statusOf(waited.status);
  }
}

const KILL_USAGE = '[-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]';

/** `kill [-SIGNAL] PID|JOB...` */
export function* killCommand(shell: Shell, args: readonly string[]): Body<number> {
  let signal = SIGTERM;
  let at = 0;
  let named = '';
  if (args[0] === '-l' || args[0] === '-L') return yield* listSignals(shell, args.slice(1));
  if (args[0] === '-s' || args[0] === '-n') {
    at = 2;
    named = args[1] ?? '';
    if (args.length < 2) return yield* failure(shell, `kill: ${args[0]}: option requires an argument`);
  } else if (args[0]?.startsWith('-') && args[0] !== '--') {
    at = 1;
    named = args[0].slice(1);
  } else if (args[0] === '--') at = 1;
  if (named !== '') signal = named === '0' ? 0 : (signalNumber(named) ?? -1);
  if (args[at] === '--') at++;
  if (signal < 0) return yield* failure(shell, `kill: ${named}: invalid signal specification`);
  if (at >= args.length) return yield* usage('kill', KILL_USAGE);
  let status = 0;
  for (const word of args.slice(at)) {
    if ((yield* killOne(shell, word, signal)) !== 0) status = 1;
  }
  return status;
}

function* killOne(shell: Shell, word: string, signal: number): Body<number> {
  let pid = Number(word);
  if (word.startsWith('%')) {
    const job = yield* jobOf(shell, 'kill', word);
    if (job === null) return 1;
    pid = job.pgrp === 0 ? job.lastPid : -job.pgrp;
    const error = yield* kill(pid, signal);
    // A stopped job would only see it when it is continued.
    if (job.state === 'stopped' && signal === SIGTERM) yield* kill(pid, SIGCONT);
    return error === 0 ? 0 : yield* failure(shell, `kill: (${job.lastPid}) - ${strerror(error)}`);
  }
  if (!/^-?\d+$/.test(word)) {
    return yield* failure(shell, `kill: ${word}: arguments must be process or job IDs`);
  }
  const error = yield* kill(pid, signal);
  return error < 0 ? yield* failure(shell, `kill: (${pid}) - ${strerror(error)}`) : 0;
}

function* listSignals(shell: Shell, words: readonly string[]): Body<number> {
  if (words.length === 0) {
    let text = '';
    for (const [i, name] of SIGNAL_NAMES.entries()) {
      const end = i % 5 === 4 || i === SIGNAL_NAMES.length - 1 ? '\n' : '\t';
      text += `${String(i + 1).padStart(2)}) SIG${name}${end}`;
    }
    return yield* output(shell, 'kill', text);
  }
  for (const word of words) {
    const number = signalNumber(/^\d+$/.test(word) && Number(word) > 128 ? String(Number(word) - 128) : word);
    if (number === null) return yield* failure(shell, `kill: ${word}: invalid signal specification`);
    yield* output(shell, 'kill', /^\d+$/.test(word) ? `${signalName(number)}\n` : `${number}\n`);
  }
  return 0;
}

/** `trap [COMMAND] SIGNAL...`: `''` ignores a signal, `-` has its default back. */
export function* trap(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  const { flags, operands, bad } = letters(args[0] === '-' ? ['--', ...args] : args, 'lp');
  if (bad !== null) {
    yield* shell.complain(`trap: ${bad}: invalid option`);
    return yield* usage('trap', '[-lp] [[arg] signal_spec ...]');
  }
  if (flags.has('l')) return yield* listSignals(shell, []);
  if (operands.length === 0 || flags.has('p')) {
    for (const [signal, command] of [...state.traps].sort(([a], [b]) => a - b)) {
      const name = signal === 0 ? 'EXIT' : `SIG${signalName(signal)}`;
      yield* print(STDOUT, `trap -- ${quote(command)} ${name}\n`);
    }
    if (state.errTrap !== null) yield* print(STDOUT, `trap -- ${quote(state.errTrap)} ERR\n`);
    return 0;
  }
  const [command, ...names] = operands.length === 1 ? ['-', ...operands] : operands;
  let status = 0;
  for (const name of names) {
    const upper = name.toUpperCase();
    if (upper === 'ERR') {
      state.errTrap = command === '-' ? null : command;
      continue;
    }
    if (upper === 'RETURN' || upper === 'DEBUG') {
      status = yield* failure(shell, `trap: ${upper}: not supported by this shell`, 2);
      continue;
    }
    const signal = upper === 'EXIT' || name === '0' ? 0 : signalNumber(name);
    if (signal === null) {
      status = yield* failure(shell, `trap: ${name}: invalid signal specification`);
      continue;
    }
    if (command === '-') state.traps.delete(signal);
    else state.traps.set(signal, command);
    if (signal === 0) continue;
    const kept = shell.dispositionWithoutTrap(signal);
    handleSignal(signal, command === '-' ? kept : command === '' ? 'ignore' : 'handle');
  }
  return status;
}

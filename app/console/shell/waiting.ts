import type { Body } from '../../sim/call.ts';
import { errnoName } from '../../kernel/include/errno.ts';
import { current } from '../../kernel/include/sched.ts';
import { SIGCONT, SIGINT, SIGPIPE, SIGTERM } from '../../kernel/include/signal.ts';
import {
  getpid,
  kill,
  print,
  STDERR,
  wait4,
  WCONTINUED,
  WNOHANG,
  waitpid,
  WUNTRACED,
  type Waited,
} from '../userland/libc.ts';
import { tcsetattr, tcsetpgrp } from '../userland/termios.ts';
import type { Job } from './jobs.ts';
import type { Shell } from './shell.ts';
import { signalText, statusOf } from './signals.ts';

/**
 * Waits for a child. `report` says whether its death by a signal is to be told, as for a foreground job.
 * The result is its status as `$?` has it.
 */
export function* waitForChild(shell: Shell, pid: number, report: boolean): Body<number> {
  const { state } = shell;
  for (;;) {
    const known = state.ended.get(pid);
    if (known !== undefined) {
      state.ended.delete(pid);
      return known;
    }
    const waited: Waited | number = yield* state.options.monitor
      ? waitpid(-1, WUNTRACED | WCONTINUED)
      : wait4(pid);
    if (typeof waited === 'number') {
      if (errnoName(waited) !== 'EINTR') return 127;
      yield* shell.runTraps();
      if (state.unwinding !== null) return state.status;
      continue;
    }
    note(shell, waited);
    if (waited.pid !== pid) continue;
    const { status } = waited;
    if ((status & 0xff) === 0x7f || status === 0xffff) continue;
    state.ended.delete(pid);
    // What a script ended on purpose needs no announcement.
    const onPurpose = (status & 0x7f) === SIGTERM && !state.interactive;
    if (report && !onPurpose) yield* tellSignal(status);
    return statusOf(status);
  }
}

/** Takes note of what happened to a child, for its job and for `wait`. */
export function note({ state }: Shell, { pid, status }: Waited): Job | null {
  const job = state.jobs.record(pid, status);
  const lives = (status & 0xff) === 0x7f || status === 0xffff;
  if (!lives) state.ended.set(pid, statusOf(status));
  return job;
}

function* tellSignal(status: number): Body<void> {
  const text = (status & 0xff) === 0x7f ? undefined : signalText(status & 0x7f);
  if (text !== undefined) yield* print(STDERR, `${text}\n`);
}

/** Takes note of all that has happened to children, without waiting. Only with job control. */
export function* collect(shell: Shell): Body<void> {
  if (shell.state.jobs.list.length === 0) return;
  for (;;) {
    const waited = yield* waitpid(-1, WNOHANG | WUNTRACED | WCONTINUED);
    if (typeof waited === 'number') return;
    note(shell, waited);
  }
}

/**
 * A job in the foreground: has the terminal until it ends or stops. The result is `$?`.
 *
 * As bash does, a job that Ctrl-C ended takes the rest of what was typed with it.
 */
export function* waitForJob(shell: Shell, job: Job): Body<number> {
  const { state } = shell;
  job.foreground = true;
  while (job.state === 'running') {
    const waited: Waited | number = yield* waitpid(-1, WUNTRACED | WCONTINUED);
    if (typeof waited !== 'number') {
      note(shell, waited);
      continue;
    }
    if (errnoName(waited) !== 'EINTR') break;
    yield* shell.runTraps();
    if (state.unwinding !== null) break;
  }
  yield* takeTerminal(shell);
  if (job.state === 'stopped') {
    job.foreground = false;
    job.told = true;
    yield* restoreTerminal(shell);
    yield* print(STDERR, `\n${state.jobs.line(job, current().pwd, state.variables.get('HOME') ?? '')}`);
    return 128 + job.stopSignal;
  }
  for (const pid of job.pids) state.ended.delete(pid);
  state.jobs.remove(job);
  state.pipeStatus = job.processes.map(({ status }) => statusOf(status ?? 0));
  const signal = job.status & 0x7f;
  if (signal !== 0) {
    yield* restoreTerminal(shell);
    if (signal === SIGINT) {
      if (state.interactive) {
        yield* print(STDERR, '\n');
        state.unwinding = { kind: 'abort', status: 130 };
      }
    } else if (signal !== SIGPIPE) yield* tellSignal(job.status);
  }
  return statusOf(job.status);
}

/** Continues a job, in the foreground or in the background. */
export function* continueJob(shell: Shell, job: Job, foreground: boolean): Body<number> {
  if (foreground) yield* giveTerminal(shell, job.pgrp);
  for (const process of job.processes) process.stopped = 0;
  job.told = true;
  yield* kill(-job.pgrp, SIGCONT);
  if (foreground) return yield* waitForJob(shell, job);
  job.foreground = false;
  shell.state.jobs.choose();
  return 0;
}

// --- the terminal --------------------------------------------------------------------------------

export function* giveTerminal({ terminal }: Shell, pgrp: number): Body<void> {
  if (terminal !== null) yield* tcsetpgrp(terminal.fd, pgrp);
}

function* takeTerminal({ terminal }: Shell): Body<void> {
  if (terminal !== null) yield* tcsetpgrp(terminal.fd, getpid());
}

/** A program that was stopped or killed may have left the terminal in any state. */
function* restoreTerminal({ terminal }: Shell): Body<void> {
  if (terminal !== null) yield* tcsetattr(terminal.fd, terminal.settings);
}

/** What is told before a prompt: jobs that ended. Those that were told of are forgotten. */
export function* tellJobs(shell: Shell): Body<void> {
  const { state } = shell;
  yield* collect(shell);
  for (const job of [...state.jobs.list].sort((a, b) => a.number - b.number)) {
    if (!job.told) {
      job.told = true;
      yield* print(STDERR, state.jobs.line(job, current().pwd, state.variables.get('HOME') ?? ''));
    }
  }
  for (const job of state.jobs.list.filter((candidate) => candidate.state === 'done')) state.jobs.remove(job);
}

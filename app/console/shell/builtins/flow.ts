import type { Body } from '../../../sim/call.ts';
import { strerror } from '../../../kernel/include/errno.ts';
import { current } from '../../../kernel/include/sched.ts';
import { print, STDERR } from '../../userland/libc.ts';
import { readFile } from '../command-search.ts';
import { describeIssue } from '../issues.ts';
import type { Shell } from '../shell.ts';
import { NO_LOCALS, putBack } from '../variables.ts';
import { failure, numberArgument, usage } from './builtin.ts';

export const leaveLoop = (kind: 'break' | 'continue') =>
  function* (shell: Shell, args: readonly string[]): Body<number> {
    const { state } = shell;
    if (state.loops === 0) {
      return yield* failure(shell, `${kind}: only meaningful in a \`for', \`while', or \`until' loop`, 0);
    }
    const levels = yield* numberArgument(shell, kind, args[0], 1);
    if (levels === null) {
      state.unwinding = { kind: 'break', levels: state.loops };
      return 128;
    }
    if (levels < 1) {
      yield* shell.complain(`${kind}: ${levels}: loop count out of range`);
      state.unwinding = { kind: 'break', levels: state.loops };
      return 1;
    }
    state.unwinding = { kind, levels: Math.min(levels, state.loops) };
    return 0;
  };

export function* exit(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  if (state.interactive) {
    yield* print(STDERR, 'exit\n');
    if (yield* keptByJobs(shell)) return 1;
  }
  if (args.length > 1 && /^[+-]?\d+$/.test(args[0])) return yield* failure(shell, 'exit: too many arguments');
  const status = (yield* numberArgument(shell, 'exit', args[0], state.status)) ?? 2;
  state.unwinding = { kind: 'exit', status: status & 0xff };
  return status & 0xff;
}

/** The first try to leave with stopped jobs only says that there are some. */
export function* keptByJobs(shell: Shell): Body<boolean> {
  const stopped = shell.state.jobs.list.some((job) => job.state === 'stopped');
  if (!stopped || shell.warnedOfJobs) return false;
  yield* print(STDERR, 'There are stopped jobs.\n');
  shell.warnedOfJobs = true;
  return true;
}

export function* returnFrom(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  if (state.calls.length === 0) {
    return yield* failure(shell, "return: can only `return' from a function or sourced script", 2);
  }
  const status = (yield* numberArgument(shell, 'return', args[0], state.status)) ?? 2;
  state.unwinding = { kind: 'return', status: status & 0xff };
  return status & 0xff;
}

/** `source FILE`: runs it in this shell. */
export const source = (name: string) =>
  function* (shell: Shell, args: readonly string[]): Body<number> {
    const { state } = shell;
    const [path, ...rest] = args;
    if (path === undefined) {
      yield* shell.complain(`${name}: filename argument required`);
      return yield* usage(name, 'filename [arguments]');
    }
    const text = yield* readFile(path);
    if (typeof text === 'number') return yield* failure(shell, `${path}: ${strerror(text)}`);
    const before = { source: state.source, line: state.line, args: state.args };
    state.source = path;
    if (rest.length > 0) state.args = rest;
    const parsed = shell.host.parse(text);
    if (!parsed.ok) {
      state.source = before.source;
      for (const issue of parsed.issues) yield* print(STDERR, `bash: ${path}: ${describeIssue(issue)}\n`);
      return 1;
    }
    state.calls.push(new Map());
    state.status = 0;
    yield* shell.statements(parsed.script.statements);
    putBack(state, state.calls.pop() ?? NO_LOCALS);
    if (state.unwinding?.kind === 'return') {
      state.status = state.unwinding.status;
      state.unwinding = null;
    }
    Object.assign(state, rest.length > 0 ? before : { source: before.source, line: before.line });
    return state.status;
  };

export function* suspend(shell: Shell): Body<number> {
  return yield* failure(shell, `suspend: cannot suspend a login shell (${current().tgid})`);
}

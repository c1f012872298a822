import { machineInForce } from '../../sim/machine-in-force.ts';
import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { O_RDONLY } from '../../kernel/include/fs.ts';
import { current } from '../../kernel/include/sched.ts';
import { close, dup2, open, pipe, print, STDERR, STDIN, STDOUT } from '../userland/libc.ts';
import type { CommandNode, PipelineNode, StatementNode } from './ast.ts';
import { enterJob, foreground, placeJob, type Place } from './job-start.ts';
import { moveTo } from './redirect.ts';
import type { Shell } from './shell.ts';
import { startCommand } from './simple.ts';
import { waitForChild } from './waiting.ts';

/** Runs one pipeline of a list in the foreground. */
export function* pipeline(
  shell: Shell,
  node: PipelineNode,
  statement: StatementNode,
  index: number,
): Body<void> {
  const { commands, negated } = node;
  const { state } = shell;
  const began = machineInForce().now;
  if (commands.length === 1) {
    yield* shell.command(commands[0]);
    state.pipeStatus = [state.status];
  } else yield* runPipeline(shell, node, textOf(statement, index));
  if (negated && state.unwinding === null) state.status = state.status === 0 ? 1 : 0;
  if (node.timed === true) {
    yield* print(STDERR, timeText(machineInForce().now - began, node.timePosix === true));
  }
}

function* runPipeline(shell: Shell, { commands, pipeStderr }: PipelineNode, text: string): Body<void> {
  const { state } = shell;
  const pids = yield* startPipeline(shell, commands, pipeStderr ?? [], 'foreground');
  if (state.options.monitor) {
    if (pids.length > 0) state.status = yield* foreground(shell, pids, text);
    return;
  }
  const statuses: number[] = [];
  for (const [i, pid] of pids.entries())
    statuses.push(yield* waitForChild(shell, pid, i === pids.length - 1));
  if (state.unwinding !== null) return;
  state.pipeStatus = statuses;
  state.status = statuses[statuses.length - 1] ?? 1;
  if (state.options.pipefail) {
    state.status = [...statuses].reverse().find((status) => status !== 0) ?? 0;
  }
}

/** Starts the commands of a pipeline, each in a process of its own; the result is their pids. */
function* startPipeline(
  shell: Shell,
  commands: readonly CommandNode[],
  both: readonly boolean[],
  place: Place,
): Body<number[]> {
  const pids: number[] = [];
  let input = -1;
  for (const [i, command] of commands.entries()) {
    const last = i === commands.length - 1;
    const made = last ? null : yield* pipe();
    if (typeof made === 'number') {
      yield* shell.complain(`pipe error: ${strerror(made)}`);
      break;
    }
    const ends = made;
    const from = input;
    const nullInput = place === 'background' && i === 0 && !shell.state.options.monitor;
    const group = pids[0] ?? 0;
    function* connect(): Body<void> {
      yield* enterJob(shell, group, place);
      if (nullInput) yield* moveTo(yield* open('/dev/null', O_RDONLY), STDIN);
      if (from >= 0) yield* moveTo(from, STDIN);
      if (ends !== null) {
        yield* close(ends[0]);
        yield* moveTo(ends[1], STDOUT);
        if (both[i]) yield* dup2(STDOUT, STDERR);
      }
    }
    const pid = yield* startCommand(shell, command, connect);
    if (pid >= 0) {
      pids.push(pid);
      yield* placeJob(shell, pid, pids[0] ?? pid, place);
    } else yield* shell.complain(`fork: ${strerror(pid)}`);
    if (from >= 0) yield* close(from);
    if (ends !== null) {
      yield* close(ends[1]);
      input = ends[0];
    }
    if (pid < 0) break;
  }
  return pids;
}

/** `… &` */
export function* background(shell: Shell, statement: StatementNode): Body<void> {
  const { pipelines } = statement;
  const { state } = shell;
  const text = (statement.sourceText ?? '').replace(/\s*&$/, '');
  let pids: number[];
  if (pipelines.length === 1 && !pipelines[0].negated && pipelines[0].timed !== true) {
    const { commands, pipeStderr } = pipelines[0];
    pids = yield* startPipeline(shell, commands, pipeStderr ?? [], 'background');
  } else {
    const list = { ...statement, background: false };
    const pid = yield* shell.forkShell(function* (child) {
      yield* enterJob(shell, 0, 'background');
      if (!shell.state.options.monitor) yield* moveTo(yield* open('/dev/null', O_RDONLY), STDIN);
      yield* child.statement(list);
    });
    pids = pid < 0 ? [] : [pid];
    if (pid >= 0) yield* placeJob(shell, pid, pid, 'background');
  }
  const [leader] = pids;
  if (leader === undefined) {
    state.status = 1;
    return;
  }
  const job = state.jobs.add(pids, text, current().pwd, state.options.monitor ? leader : 0);
  state.jobs.choose();
  state.lastBackground = job.lastPid;
  state.status = 0;
  if (state.interactive) yield* print(STDERR, `[${job.number}] ${job.lastPid}\n`);
}

/** The text of one pipeline of a list, for `jobs`. */
export function textOf({ sourceText = '', pipelines }: StatementNode, index: number): string {
  if (pipelines.length === 1) return sourceText.trim();
  return (splitLists(sourceText)[index] ?? sourceText).trim();
}

/** Cuts a text at `&&` and `||` outside of quotes and brackets. */
function splitLists(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let quote = '';
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\' && quote !== "'") {
      part += c + (text[++i] ?? '');
      continue;
    }
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === "'" || c === '"' || c === '`') quote = c;
    else if (c === '(' || c === '{') depth++;
    else if (c === ')' || c === '}') depth--;
    else if (depth === 0 && (c === '&' || c === '|') && text[i + 1] === c) {
      parts.push(part);
      part = '';
      i++;
      continue;
    }
    part += c;
  }
  return [...parts, part];
}

/** What `time` prints. The model does not count who used how much of a CPU: user and system time are left at 0. */
function timeText(duration: number, posix: boolean): string {
  const thousandths = Math.round(duration / 1_000_000);
  const seconds = (thousandths % 60_000) / 1000;
  if (posix) return `real ${(thousandths / 1000).toFixed(2)}\nuser 0.00\nsys 0.00\n`;
  return `\nreal\t${Math.floor(thousandths / 60_000)}m${seconds.toFixed(3)}s\nuser\t0m0.000s\nsys\t0m0.000s\n`;
}

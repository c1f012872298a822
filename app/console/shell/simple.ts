import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { execAsRoot, getuid, print, STDERR } from '../userland/libc.ts';
import { environmentOf, FIRST_USER } from '../userland/users.ts';
import { execve, spawnProgram } from '../userland/process.ts';
import type { AssignmentNode, CommandNode, RedirectionNode, SimpleCommandNode, WordNode } from './ast.ts';
import { builtins } from './builtins/index.ts';
import { isDeclaration } from './builtins/declare.ts';
import { findCommand } from './command-search.ts';
import { expandString, expandWord, expandWords } from './expand.ts';
import { enterJob, foreground, placeJob } from './job-start.ts';
import { quoteWord } from './quote.ts';
import { redirect, restore } from './redirect.ts';
import type { Shell } from './shell.ts';
import { assignArray, assignElement } from './arrays.ts';
import { NO_LOCALS, putBack, valueOf } from './variables.ts';
import { waitForChild } from './waiting.ts';

/** A simple command after expansion. */
interface ExpandedCommand {
  readonly words: readonly string[];
  readonly assignments: readonly (readonly [name: string, value: string])[];
  readonly redirections: readonly RedirectionNode[];
  /** `sudo` came before it. */
  readonly sudo: boolean;
}

/** Calls of functions within each other: one that calls itself for ever is ended here. */
const DEEPEST_CALLS = 200;

export function* simpleCommand(shell: Shell, node: SimpleCommandNode): Body<void> {
  const simple = yield* expandSimple(shell, node);
  if (simple !== null) yield* runExpanded(shell, simple);
}

/** Starts one command as a child: a program at once, anything else in a subshell. */
export function* startCommand(shell: Shell, command: CommandNode, prepare: () => Body<void>): Body<number> {
  if (command.type === 'SimpleCommand') {
    const simple = yield* expandSimple(shell, command);
    if (simple === null) return yield* shell.forkShell(failing(shell.state.status, prepare));
    if (isExternal(shell, simple)) return yield* startProgram(shell, simple, prepare);
    return yield* shell.forkShell(function* (child) {
      yield* prepare();
      yield* runExpanded(child, simple);
    });
  }
  return yield* shell.forkShell(function* (child) {
    yield* prepare();
    yield* child.command(command);
  });
}

const failing = (status: number, prepare: () => Body<void>) =>
  function* (child: Shell): Body<void> {
    yield* prepare();
    child.state.unwinding = { kind: 'exit', status };
  };

// --- expansion -----------------------------------------------------------------------------------

/** Expands the words of a command. Null if that failed, which is reported. */
function* expandSimple(shell: Shell, node: SimpleCommandNode): Body<ExpandedCommand | null> {
  if (node.line !== undefined && node.line > 0) shell.state.line = node.line;
  try {
    const words = yield* expandCommandWords(shell, node);
    const assignments: (readonly [string, string])[] = [];
    for (const assignment of node.assignments) {
      const expanded = yield* expandAssignment(shell, assignment);
      if (expanded !== null) assignments.push(expanded);
    }
    // In a script of root's the command takes the place of `sudo`, so that a builtin stays one.
    const sudo = words[0] === 'sudo' && (shell.state.interactive || getuid() !== 0);
    return { words: withoutSudo(words), sudo, assignments, redirections: node.redirections };
  } catch (error) {
    yield* shell.expansionFailed(error);
    return null;
  }
}

function* expandCommandWords(shell: Shell, { name, args }: SimpleCommandNode): Body<string[]> {
  if (name === null) return [];
  const words = yield* expandWord(shell, name);
  if (!isDeclaration(words[0])) return [...words, ...(yield* expandWords(shell, args))];
  // `export a=$b` is an assignment: what $b stands for is not cut into words.
  for (const word of args) {
    if (isAssignment(word)) words.push(yield* expandString(shell, word));
    else words.push(...(yield* expandWord(shell, word)));
  }
  return words;
}

function isAssignment({ parts }: WordNode): boolean {
  const [first] = parts;
  return first?.type === 'Literal' && /^[A-Za-z_]\w*\+?=/.test(first.value);
}

/** What a variable is to be; null for arrays, which are set at once. */
function* expandAssignment(
  shell: Shell,
  { name, value, append, array }: AssignmentNode,
): Body<readonly [string, string] | null> {
  if (array !== null) {
    yield* assignArray(shell, name, array, append);
    return null;
  }
  const text = value === null ? '' : yield* expandString(shell, value);
  if (name.includes('[')) {
    yield* assignElement(shell, name, text, append);
    return null;
  }
  return [name, append ? (valueOf(shell.state, name) ?? '') + text : text];
}

function isExternal({ state }: Shell, { words, sudo }: ExpandedCommand): boolean {
  if (words.length === 0) return false;
  return sudo || (!state.functions.has(words[0]) && !builtins.has(words[0]));
}

// --- running -------------------------------------------------------------------------------------

function* runExpanded(shell: Shell, simple: ExpandedCommand): Body<void> {
  const { words, assignments, redirections } = simple;
  const { state } = shell;
  if (state.options.xtrace) {
    const values = assignments.map(([name, value]) => `${name}=${quoteWord(value)}`);
    yield* print(STDERR, `+ ${[...values, ...words.map(quoteWord)].join(' ')}\n`);
  }
  if (words.length === 0) {
    const saved = yield* redirect(shell, redirections, true);
    if (saved === null) return;
    try {
      for (const [name, value] of assignments) shell.assign(name, value);
    } catch (error) {
      yield* shell.expansionFailed(error);
      return;
    }
    yield* restore(saved);
    if (assignments.length === 0) state.status = 0;
    return;
  }
  state.lastArgument = words[words.length - 1];
  if (state.options.noexec && !state.interactive) return;
  if (isExternal(shell, simple)) {
    yield* runProgram(shell, simple);
    return;
  }
  yield* runInShell(shell, simple);
}

/** `command NAME…`: a builtin or a program, but no function. */
export function* runExpandedWords(shell: Shell, words: readonly string[]): Body<number> {
  const simple = { words, assignments: [], redirections: [], sudo: false };
  const builtin = builtins.get(words[0]);
  if (builtin !== undefined) return yield* builtin.run(shell, words.slice(1));
  yield* runProgram(shell, simple);
  return shell.state.status;
}

function* runProgram(shell: Shell, simple: ExpandedCommand): Body<void> {
  const { state } = shell;
  const pid = yield* startProgram(shell, simple, () => enterJob(shell, 0, 'foreground'));
  if (pid < 0) {
    yield* shell.complain(`fork: ${strerror(pid)}`);
    state.status = 254;
    return;
  }
  if (!state.options.monitor) {
    state.status = yield* waitForChild(shell, pid, true);
    return;
  }
  yield* placeJob(shell, pid, pid, 'foreground');
  state.status = yield* foreground(shell, [pid], simple.words.map(quoteWord).join(' '));
}

/** A function or a builtin: in this process, with redirections undone afterwards. */
function* runInShell(shell: Shell, { words, assignments, redirections }: ExpandedCommand): Body<void> {
  const { state } = shell;
  const [name, ...args] = words;
  if (name === 'exec') {
    yield* exec(shell, args, redirections);
    return;
  }
  const saved = yield* redirect(shell, redirections, true);
  if (saved === null) return;
  const before = assignments.map(([variable]) => [variable, state.variables.get(variable)] as const);
  try {
    for (const [variable, value] of assignments) shell.assign(variable, value);
    const callee = state.functions.get(name);
    const builtin = builtins.get(name);
    if (callee !== undefined) yield* callFunction(shell, name, callee.body, args);
    else if (builtin !== undefined) state.status = yield* builtin.run(shell, args);
  } catch (error) {
    yield* shell.expansionFailed(error);
  }
  for (const [variable, value] of before) {
    if (value === undefined) state.variables.delete(variable);
    else state.variables.set(variable, value);
  }
  yield* restore(saved);
}

export function* callFunction(
  shell: Shell,
  name: string,
  body: CommandNode,
  args: readonly string[],
): Body<void> {
  const { state } = shell;
  if (state.calls.length >= DEEPEST_CALLS) {
    yield* shell.complain(`${name}: maximum function nesting level exceeded (${DEEPEST_CALLS})`);
    state.status = 1;
    state.unwinding = { kind: 'abort', status: 1 };
    return;
  }
  const { args: before, loops } = state;
  state.args = args;
  state.loops = 0;
  state.calls.push(new Map());
  state.functionNames.push(name);
  yield* shell.command(body);
  state.functionNames.pop();
  putBack(state, state.calls.pop() ?? NO_LOCALS);
  state.args = before;
  state.loops = loops;
  if (state.unwinding?.kind === 'return') {
    state.status = state.unwinding.status;
    state.unwinding = null;
  }
}

/** `exec`: without a command only redirects for good; with one becomes the program. */
function* exec(shell: Shell, args: readonly string[], redirections: readonly RedirectionNode[]): Body<void> {
  const { state } = shell;
  const saved = yield* redirect(shell, redirections, false);
  if (saved === null) return;
  if (args.length === 0) {
    state.status = 0;
    return;
  }
  const found = yield* findCommand(shell, args[0]);
  if ('message' in found) {
    yield* shell.complain(`exec: ${found.message}`.replace('command not found', 'not found'));
    state.status = found.status;
    if (!state.interactive) state.unwinding = { kind: 'exit', status: found.status };
    return;
  }
  const invocation = { ...invocationOf(shell), name: args[0], args: args.slice(1) };
  const status = yield* execve(found.program, invocation);
  state.status = status;
  state.traps.delete(0);
  state.unwinding = { kind: 'exit', status };
}

const SUDO = [['SUDO_UID', String(FIRST_USER)]] as const;

/** Starts a program in a child, which first prepares its descriptors. Its pid, or an error below 0. */
function* startProgram(shell: Shell, simple: ExpandedCommand, prepare: () => Body<void>): Body<number> {
  const { words, assignments, redirections, sudo } = simple;
  const [name, ...args] = words;
  const program = shell.host.findProgram(name);
  const plain = invocationOf(shell, assignments);
  const invocation = sudo ? { ...plain, environment: environmentOf('root', plain.environment, SUDO) } : plain;
  if (program === null) {
    return yield* shell.forkShell(function* (child) {
      yield* prepare();
      if ((yield* redirect(child, redirections, false)) === null) return;
      const found = yield* findCommand(child, name);
      if ('message' in found) {
        if (sudo) yield* print(STDERR, `sudo: ${found.message}\n`);
        else yield* child.complain(found.message);
        child.state.status = sudo ? 1 : found.status;
        return;
      }
      if (sudo) yield* execAsRoot();
      child.state.traps.clear();
      child.state.status = yield* execve(found.program, { ...invocation, name, args });
    });
  }
  const child = shell.subshell();
  return yield* spawnProgram(program.name, function* () {
    yield* prepare();
    if ((yield* redirect(child, redirections, false)) === null) return 1;
    if (sudo) yield* execAsRoot();
    return yield* program.main({ ...invocation, name, args });
  });
}

function invocationOf(shell: Shell, assignments: readonly (readonly [string, string])[] = []) {
  const environment = new Map([...shell.state.environment(), ...assignments]);
  return { environment, parse: shell.host.parse };
}

/** `sudo` with its usual options runs what follows as root, without asking for a password. */
function withoutSudo(words: readonly string[]): readonly string[] {
  if (words[0] !== 'sudo') return words;
  let at = 1;
  while (at < words.length && words[at].startsWith('-'))
    at += words[at] === '-u' || words[at] === '-g' ? 2 : 1;
  while (at < words.length && /^[A-Za-z_]\w*=/.test(words[at])) at++;
  if (at < words.length) return words.slice(at);
  if (words.includes('-i')) return ['su', '-'];
  return words.includes('-s') ? ['bash'] : ['sudo'];
}

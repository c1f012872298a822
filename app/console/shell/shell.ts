import type { Body } from '../../sim/call.ts';
import { O_RDONLY } from '../../kernel/include/fs.ts';
import { errnoName, strerror } from '../../kernel/include/errno.ts';
import { current } from '../../kernel/include/sched.ts';
import type { Program } from '../programs/program.ts';
import {
  close,
  dup2,
  getpid,
  open,
  pipe,
  print,
  readAll,
  STDERR,
  STDIN,
  STDOUT,
  wait4,
  type Waited,
} from '../userland/libc.ts';
import { execve, fork, spawnProgram } from '../userland/process.ts';
import { ArithmeticError } from './arithmetic.ts';
import type {
  AssignmentNode,
  CommandNode,
  PipelineNode,
  RedirectionNode,
  ScriptNode,
  SimpleCommandNode,
  StatementNode,
} from './ast.ts';
import { builtins } from './builtins.ts';
import { compound } from './compound.ts';
import { expandString, expandWords, ExpansionError, type ExpansionHost } from './expand.ts';
import { formatIssue, type ParsedScript } from './issues.ts';
import { signalText, statusOf } from './signals.ts';
import { moveTo, redirect, restore } from './redirect.ts';
import { ShellState } from './state.ts';

/** What a shell needs of its host. */
export interface ShellHost {
  /** Parses the text of `eval` and `sh -c`: a pure function. */
  readonly parse: (source: string) => ParsedScript;
  /** The program of a command word, or null. */
  readonly findProgram: (word: string) => Program | null;
  /** Called when a statement of the main script begins: what an interactive shell would show as typed. */
  readonly prompt?: (statement: StatementNode) => string;
}

/**
 * The guest's shell: runs a syntax tree as user code of the process that it is called in. Builtins run in this
 * process; programs, subshells and the parts of a pipeline are children.
 */
export class Shell implements ExpansionHost {
  constructor(
    readonly host: ShellHost,
    readonly state = new ShellState(),
  ) {}

  /** Runs a whole script; the result is its exit status. */
  *run(script: ScriptNode): Body<number> {
    if (this.state.pid === 0) this.state.pid = getpid();
    for (const statement of script.statements) {
      if (this.host.prompt !== undefined) yield* print(STDERR, this.host.prompt(statement));
      yield* this.statement(statement);
      if (this.state.unwinding !== null) break;
    }
    return this.leave();
  }

  /** The status to end with: what `exit` said, or that of the last command. */
  leave(): number {
    const { unwinding, status } = this.state;
    return unwinding?.kind === 'exit' ? unwinding.status : status;
  }

  *statements(list: readonly StatementNode[]): Body<void> {
    for (const statement of list) {
      yield* this.statement(statement);
      if (this.state.unwinding !== null) return;
    }
  }

  *statement(statement: StatementNode): Body<void> {
    if (statement.background) {
      yield* this.background(statement);
      return;
    }
    yield* this.andOrList(statement);
    yield* this.runTraps();
  }

  /** Runs the handlers of signals that were delivered since. */
  *runTraps(): Body<void> {
    const { delivered } = current();
    for (;;) {
      const signal = delivered.shift();
      if (signal === undefined) return;
      const command = this.state.traps.get(signal);
      if (command === undefined || command === '') continue;
      const { status } = this.state;
      yield* this.eval(command);
      this.state.status = status;
    }
  }

  /** Parses and runs a text: `eval`, `trap`. */
  *eval(source: string): Body<number> {
    const parsed = this.host.parse(source);
    if (!parsed.ok) {
      yield* this.complain(`eval: ${parsed.issues.map(formatIssue).join('; ')}`);
      return (this.state.status = 2);
    }
    yield* this.statements(parsed.script.statements);
    return this.state.status;
  }

  *complain(text: string): Body<void> {
    yield* print(STDERR, `bash: ${text}\n`);
  }

  assign(name: string, value: string): void {
    this.state.variables.set(name, value);
  }

  /** Command substitution: what a script prints in a subshell. */
  *substitute(script: ScriptNode): Body<string> {
    const ends = yield* pipe();
    if (typeof ends === 'number') throw new ExpansionError(`cannot make a pipe: ${strerror(ends)}`);
    const [readEnd, writeEnd] = ends;
    const pid = yield* this.forkShell(function* (child) {
      yield* moveTo(writeEnd, STDOUT);
      yield* close(readEnd);
      yield* child.statements(script.statements);
    });
    yield* close(writeEnd);
    const text = yield* readAll(readEnd);
    yield* close(readEnd);
    this.state.status = yield* this.waitForChild(pid, false);
    return typeof text === 'number' ? '' : text.replace(/\n+$/, '');
  }

  // --- lists and pipelines ------------------------------------------------------------------------

  private *andOrList({ pipelines, operators }: StatementNode): Body<void> {
    for (const [i, pipeline] of pipelines.entries()) {
      const operator = i === 0 ? ';' : operators[i - 1];
      if (operator === '&&' && this.state.status !== 0) continue;
      if (operator === '||' && this.state.status === 0) continue;
      // `set -e` looks at the last command of a list only, and not at negated ones.
      const checked = i === pipelines.length - 1 && !pipeline.negated;
      if (!checked) this.state.conditions++;
      yield* this.pipeline(pipeline);
      if (!checked) this.state.conditions--;
      if (this.state.unwinding !== null) return;
      if (checked && this.state.status !== 0) this.exitOnError();
    }
  }

  private exitOnError(): void {
    const { state } = this;
    if (state.errexit && state.conditions === 0) state.unwinding = { kind: 'exit', status: state.status };
  }

  private *pipeline({ commands, negated, pipeStderr }: PipelineNode): Body<void> {
    if (commands.length === 1) yield* this.command(commands[0]);
    else {
      const pids = yield* this.startPipeline(commands, pipeStderr ?? []);
      for (const [i, pid] of pids.entries()) {
        const status = yield* this.waitForChild(pid, i === pids.length - 1);
        if (i === pids.length - 1) this.state.status = status;
      }
    }
    if (negated) this.state.status = this.state.status === 0 ? 1 : 0;
  }

  /** Starts the commands of a pipeline, each in a process of its own; the result is their pids. */
  private *startPipeline(
    commands: readonly CommandNode[],
    both: readonly boolean[],
    background = false,
  ): Body<number[]> {
    const pids: number[] = [];
    let input = -1;
    for (const [i, command] of commands.entries()) {
      const last = i === commands.length - 1;
      const made = last ? null : yield* pipe();
      if (typeof made === 'number') {
        yield* this.complain(`pipe error: ${strerror(made)}`);
        break;
      }
      const ends = made;
      const from = input;
      const nullInput = background && i === 0;
      function* connect(): Body<void> {
        if (nullInput) yield* moveTo(yield* open('/dev/null', O_RDONLY), STDIN);
        if (from >= 0) yield* moveTo(from, STDIN);
        if (ends !== null) {
          yield* close(ends[0]);
          yield* moveTo(ends[1], STDOUT);
          if (both[i]) yield* dup2(STDOUT, STDERR);
        }
      }
      pids.push(yield* this.startCommand(command, connect));
      if (from >= 0) yield* close(from);
      if (ends !== null) {
        yield* close(ends[1]);
        input = ends[0];
      }
    }
    return pids;
  }

  /** Starts one command as a child: a program at once, anything else in a subshell. */
  private *startCommand(command: CommandNode, prepare: () => Body<void>): Body<number> {
    if (command.type === 'SimpleCommand') {
      const simple = yield* this.expandSimple(command);
      if (simple === null) return yield* this.forkShell(failing(this.state.status, prepare));
      if (this.isExternal(simple)) return yield* this.startProgram(simple, prepare);
      return yield* this.forkShell(function* (child) {
        yield* prepare();
        yield* child.runExpanded(simple);
      });
    }
    return yield* this.forkShell(function* (child) {
      yield* prepare();
      yield* child.command(command);
    });
  }

  private *background(statement: StatementNode): Body<void> {
    const { pipelines } = statement;
    const text = (statement.sourceText ?? '').replace(/\s*&$/, '');
    let pids: number[];
    if (pipelines.length === 1 && !pipelines[0].negated) {
      const { commands, pipeStderr } = pipelines[0];
      pids = yield* this.startPipeline(commands, pipeStderr ?? [], true);
    } else {
      const list = { ...statement, background: false };
      pids = [
        yield* this.forkShell(function* (child) {
          yield* moveTo(yield* open('/dev/null', O_RDONLY), STDIN);
          yield* child.statement(list);
        }),
      ];
    }
    const number = 1 + this.state.jobs.reduce((most, job) => Math.max(most, job.number), 0);
    this.state.jobs.push({ number, pids, text });
    this.state.lastBackground = pids[pids.length - 1] ?? 0;
    this.state.status = 0;
  }

  /** Forks a shell that runs `body` with a copy of this one's state, then exits. */
  *forkShell(body: (child: Shell) => Body<void>): Body<number> {
    const { prompt: _, ...host } = this.host;
    const child = new Shell(host, this.state.forSubshell());
    return yield* fork(current().comm, function* () {
      yield* body(child);
      return child.leave();
    });
  }

  /**
   * Waits for a child. `report` says whether its death by a signal is to be told, as for a foreground job.
   * The result is its status as `$?` has it.
   */
  *waitForChild(pid: number, report: boolean): Body<number> {
    const known = this.state.ended.get(pid);
    if (known !== undefined) {
      this.state.ended.delete(pid);
      return known;
    }
    for (;;) {
      const waited: Waited | number = yield* wait4(pid);
      if (typeof waited === 'number') {
        if (errnoName(waited) !== 'EINTR') return 127;
        yield* this.runTraps();
        continue;
      }
      if (report) yield* this.reportSignal(waited.status);
      return statusOf(waited.status);
    }
  }

  private *reportSignal(status: number): Body<void> {
    const text = signalText(status & 0x7f);
    if (text !== undefined) yield* print(STDERR, `${text}\n`);
  }

  // --- commands -----------------------------------------------------------------------------------

  *command(command: CommandNode): Body<void> {
    if (command.type === 'SimpleCommand') {
      const simple = yield* this.expandSimple(command);
      if (simple !== null) yield* this.runExpanded(simple);
      return;
    }
    if (command.type === 'FunctionDef') {
      this.state.functions.set(command.name, command);
      this.state.status = 0;
      return;
    }
    const saved = yield* redirect(this, command.redirections, true);
    if (saved === null) return;
    try {
      yield* compound(this, command);
    } catch (error) {
      yield* this.expansionFailed(error);
    }
    yield* restore(saved);
  }

  // --- simple commands ----------------------------------------------------------------------------

  /** Expands the words of a command. Null if that failed, which is reported. */
  private *expandSimple(node: SimpleCommandNode): Body<ExpandedCommand | null> {
    if (node.line !== undefined && node.line > 0) this.state.line = node.line;
    try {
      const words = node.name === null ? [] : yield* expandWords(this, [node.name, ...node.args]);
      const assignments: (readonly [string, string])[] = [];
      for (const assignment of node.assignments) assignments.push(yield* this.expandAssignment(assignment));
      const sudo = withoutSudo(words);
      return { words: sudo, assignments, redirections: node.redirections };
    } catch (error) {
      yield* this.expansionFailed(error);
      return null;
    }
  }

  private *expandAssignment({ name, value, append }: AssignmentNode): Body<readonly [string, string]> {
    const text = value === null ? '' : yield* expandString(this, value);
    return [name, append ? (this.state.variables.get(name) ?? '') + text : text];
  }

  *expansionFailed(error: unknown): Body<void> {
    if (!(error instanceof ExpansionError || error instanceof ArithmeticError)) throw error;
    yield* this.complain(error.message);
    this.state.status = 1;
    if (error instanceof ExpansionError) this.state.unwinding = { kind: 'exit', status: 1 };
  }

  private isExternal({ words }: ExpandedCommand): boolean {
    return words.length > 0 && !this.state.functions.has(words[0]) && !builtins.has(words[0]);
  }

  private *runExpanded(simple: ExpandedCommand): Body<void> {
    const { words, assignments, redirections } = simple;
    const { state } = this;
    if (state.xtrace) {
      const shown = [...assignments.map(([name, value]) => `${name}=${value}`), ...words];
      yield* print(STDERR, `+ ${shown.join(' ')}\n`);
    }
    if (words.length === 0) {
      for (const [name, value] of assignments) this.assign(name, value);
      const saved = yield* redirect(this, redirections, true);
      if (saved === null) return;
      yield* restore(saved);
      if (assignments.length === 0) state.status = 0;
      return;
    }
    if (this.isExternal(simple)) {
      const pid = yield* this.startProgram(simple, () => nothing());
      state.status = yield* this.waitForChild(pid, true);
      return;
    }
    yield* this.runInShell(simple);
  }

  /** A function or a builtin: in this process, with redirections undone afterwards. */
  private *runInShell({ words, assignments, redirections }: ExpandedCommand): Body<void> {
    const { state } = this;
    const [name, ...args] = words;
    if (name === 'exec') {
      yield* this.exec(args, redirections);
      return;
    }
    const saved = yield* redirect(this, redirections, true);
    if (saved === null) return;
    const before = assignments.map(([variable]) => [variable, state.variables.get(variable)] as const);
    for (const [variable, value] of assignments) this.assign(variable, value);
    const callee = state.functions.get(name);
    const builtin = builtins.get(name);
    if (callee !== undefined) yield* this.callFunction(callee.body, args);
    else if (builtin !== undefined) state.status = yield* builtin.run(this, args);
    for (const [variable, value] of before) {
      if (value === undefined) state.variables.delete(variable);
      else state.variables.set(variable, value);
    }
    yield* restore(saved);
  }

  private *callFunction(body: CommandNode, args: readonly string[]): Body<void> {
    const { state } = this;
    const { args: before, loops } = state;
    state.args = args;
    state.loops = 0;
    yield* this.command(body);
    state.args = before;
    state.loops = loops;
    if (state.unwinding?.kind === 'return') {
      state.status = state.unwinding.status;
      state.unwinding = null;
    }
  }

  /** `exec`: without a command only redirects for good; with one becomes the program. */
  private *exec(args: readonly string[], redirections: readonly RedirectionNode[]): Body<void> {
    const saved = yield* redirect(this, redirections, false);
    if (saved === null || args.length === 0) return;
    const program = yield* this.lookUp(args[0]);
    if (program === null) {
      this.state.unwinding = { kind: 'exit', status: this.state.status };
      return;
    }
    const status = yield* execve(program, { ...this.invocation(), name: args[0], args: args.slice(1) });
    this.state.status = status;
    this.state.unwinding = { kind: 'exit', status };
  }

  /** Starts a program in a child, which first prepares its descriptors. */
  private *startProgram(simple: ExpandedCommand, prepare: () => Body<void>): Body<number> {
    const { words, assignments, redirections } = simple;
    const [name, ...args] = words;
    const program = this.host.findProgram(name);
    if (program === null) {
      return yield* this.forkShell(function* (child) {
        yield* prepare();
        if ((yield* redirect(child, redirections, false)) === null) return;
        yield* child.lookUp(name);
      });
    }
    const invocation = this.invocation(assignments);
    const { prompt: _, ...host } = this.host;
    const child = new Shell(host, this.state.forSubshell());
    return yield* spawnProgram(program.name, function* () {
      yield* prepare();
      if ((yield* redirect(child, redirections, false)) === null) return 1;
      return yield* program.main({ ...invocation, name, args });
    });
  }

  private invocation(assignments: readonly (readonly [string, string])[] = []) {
    const environment = new Map([...this.state.environment(), ...assignments]);
    return { environment, parse: this.host.parse };
  }

  /** Finds a program; complains and sets the status if there is none. */
  private *lookUp(name: string): Body<Program | null> {
    const program = this.host.findProgram(name);
    if (program !== null) return program;
    const isPath = name.includes('/');
    yield* this.complain(isPath ? `${name}: No such file or directory` : `${name}: command not found`);
    this.state.status = 127;
    return null;
  }
}

/** A simple command after expansion. */
interface ExpandedCommand {
  readonly words: readonly string[];
  readonly assignments: readonly (readonly [name: string, value: string])[];
  readonly redirections: readonly RedirectionNode[];
}

function* nothing(): Body<void> {}

const failing = (status: number, prepare: () => Body<void>) =>
  function* (child: Shell): Body<void> {
    yield* prepare();
    child.state.unwinding = { kind: 'exit', status };
  };

/** The guest's user is root already: `sudo` with its usual options runs what follows. */
function withoutSudo(words: readonly string[]): readonly string[] {
  if (words[0] !== 'sudo') return words;
  let at = 1;
  while (at < words.length && words[at].startsWith('-')) at += words[at] === '-u' ? 2 : 1;
  return words.slice(at);
}

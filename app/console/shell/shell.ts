import type { Body } from '../../sim/call.ts';
import { charge } from '../../sim/delay.ts';
import { errnoName, strerror } from '../../kernel/include/errno.ts';
import { current } from '../../kernel/include/sched.ts';
import {
  SIGHUP,
  SIGINT,
  SIGQUIT,
  SIGTERM,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  SIGWINCH,
} from '../../kernel/include/signal.ts';
import type { Program } from '../programs/program.ts';
import { O_CREAT, O_TRUNC, O_WRONLY } from '../../kernel/include/fs.ts';
import { close, getpid, getppid, open, pipe, print, readAll, STDERR, STDOUT } from '../userland/libc.ts';
import { fork } from '../userland/process.ts';
import type { Termios } from '../userland/termios.ts';
import { ArithmeticError } from './arithmetic.ts';
import { subscriptKey } from './arrays.ts';
import type { CommandNode, ScriptNode, StatementNode } from './ast.ts';
import { builtins } from './builtins/index.ts';
import { compound } from './compound.ts';
import { ExpansionError } from './errors.ts';
import type { ExpansionHost } from './expand.ts';
import { formatSyntaxErrors, type ParsedScript } from './issues.ts';
import { pipeline, background } from './pipeline.ts';
import { moveTo, redirect, restore } from './redirect.ts';
import { runExpandedWords, simpleCommand } from './simple.ts';
import { ShellState } from './state.ts';
import { assignVariable } from './variables.ts';
import { waitForChild } from './waiting.ts';

/** What a shell needs of its host. */
export interface ShellHost {
  /** Parses the text of `eval` and `sh -c`: a pure function. */
  readonly parse: (source: string) => ParsedScript;
  /** The program of a command word, or null. */
  readonly findProgram: (word: string) => Program | null;
  /** Names of programs, for completion. */
  readonly programNames?: () => readonly string[];
  /** The program of a name, with its options, for completion. */
  readonly prompt?: (statement: StatementNode) => string;
}

/** The terminal of an interactive shell. */
export interface Terminal {
  readonly fd: number;
  /** How programs find it, and how it is put right after one that was killed. */
  settings: Termios;
}

/**
 * The guest's shell: runs a syntax tree as user code of the process that it is called in. Builtins run in this
 * process; programs, subshells and the parts of a pipeline are children.
 */
export class Shell implements ExpansionHost {
  /** With job control: where jobs come to the foreground. */
  terminal: Terminal | null = null;
  /** What the session keeps beside the state: history. Only of the shell that a user types to. */
  history: string[] = [];
  private substitutions = 0;
  /** The user was told that there are stopped jobs, and may leave now. */
  warnedOfJobs = false;

  /** What it runs itself, by name. */
  readonly builtins = builtins;

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
    yield* this.exitTrap();
    return this.leave();
  }

  /** `trap … EXIT` */
  *exitTrap(): Body<void> {
    const { state } = this;
    const command = state.traps.get(0);
    if (command === undefined || command === '') return;
    state.traps.delete(0);
    const status = this.leave();
    state.status = status;
    state.unwinding = null;
    yield* this.eval(command, 'exit trap');
    // An `exit` of the handler's own decides; otherwise what the script ended with.
    if (!this.isLeaving()) state.unwinding = { kind: 'exit', status };
  }

  /** The status to end with: what `exit` said, or that of the last command. */
  leave(): number {
    const { unwinding, status } = this.state;
    return unwinding?.kind === 'exit' || unwinding?.kind === 'abort' ? unwinding.status : status;
  }

  private isLeaving(): boolean {
    return this.state.unwinding?.kind === 'exit';
  }

  *statements(list: readonly StatementNode[]): Body<void> {
    for (const statement of list) {
      yield* this.statement(statement);
      if (this.state.unwinding !== null) return;
    }
  }

  *statement(statement: StatementNode): Body<void> {
    if (statement.deferredError !== undefined) {
      yield* this.complain(statement.deferredError.message);
      this.state.status = 2;
      return;
    }
    if (statement.background) {
      yield* background(this, statement);
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
      if (command === undefined) {
        // Ctrl-C while no program runs that could take it.
        if (signal === SIGINT && this.state.interactive) {
          yield* print(STDERR, '\n');
          this.state.status = 130;
          this.state.unwinding = { kind: 'abort', status: 130 };
        }
        continue;
      }
      if (command === '') continue;
      const { status } = this.state;
      yield* this.eval(command, 'trap handler');
      this.state.status = status;
    }
  }

  /** Parses and runs a text: `eval`, `trap`. */
  *eval(source: string, name = 'eval'): Body<number> {
    const parsed = this.host.parse(source);
    if (!parsed.ok) {
      const where = `${this.state.source ?? 'bash'}: ${name}`;
      yield* print(STDERR, formatSyntaxErrors(parsed.issues.slice(0, 1), source, where));
      return (this.state.status = 2);
    }
    yield* this.statements(parsed.script.statements);
    return this.state.status;
  }

  *complain(text: string): Body<void> {
    yield* print(STDERR, `${this.state.errorPrefix}${text}\n`);
  }

  /** A complaint in the name of a script: `getopts`. */
  *complainAs(name: string, text: string): Body<void> {
    yield* print(STDERR, `${name}: ${text}\n`);
  }

  /** What becomes of a signal that nobody traps: an interactive shell survives what is meant for its jobs. */
  dispositionWithoutTrap(signal: number): 'default' | 'ignore' | 'handle' {
    if (!this.state.interactive) return 'default';
    if (signal === SIGINT || signal === SIGWINCH || signal === SIGHUP) return 'handle';
    return INTERACTIVE_IGNORES.includes(signal) ? 'ignore' : 'default';
  }

  /** Uses a moment of the CPU: what a loop does that makes no system call would never let anybody else run. */
  *breathe(): Body<void> {
    charge(BREATH_NS);
    yield* getppid();
    yield* this.runTraps();
  }

  /** A shell with a copy of this one's state: what a child of it is. */
  subshell(): Shell {
    const { prompt: _, ...host } = this.host;
    return new Shell(host, this.state.forSubshell());
  }

  /** A shell that has nothing of this one: what a script in a file runs in. */
  fresh(state: ShellState): Shell {
    const { prompt: _, ...host } = this.host;
    return new Shell(host, state);
  }

  /** Runs a builtin or a program, but no function. */
  runWords(words: readonly string[]): Body<number> {
    return runExpandedWords(this, words);
  }

  subscriptKey(name: string, subscript: string): Body<string> {
    return subscriptKey(this, name, subscript);
  }

  parse(source: string): ParsedScript {
    return this.host.parse(source);
  }

  assign(name: string, value: string): void {
    assignVariable(this.state, name, value);
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
    if (pid < 0) {
      yield* close(readEnd);
      throw new ExpansionError(`fork: retry: ${strerror(pid)}`);
    }
    let text = yield* readAll(readEnd);
    while (typeof text === 'number' && errnoName(text) === 'EINTR' && this.state.unwinding === null) {
      yield* this.runTraps();
      if (this.state.unwinding === null) text = yield* readAll(readEnd);
    }
    yield* close(readEnd);
    this.state.status = yield* waitForChild(this, pid, false);
    return typeof text === 'number' ? '' : text.replace(/\n+$/, '');
  }

  /**
   * Process substitution: a subshell at the other end of a pipe that goes by a name. There is no such file here, so
   * what it prints is kept in one until the command has read it: all of it, before the command starts.
   */
  *substituteProcess(script: ScriptNode, direction: 'input' | 'output'): Body<string> {
    if (direction === 'output') throw new ExpansionError('>(…): not supported by this shell');
    const path = `/dev/shm/sh-np.${this.state.pid}.${this.substitutions++}`;
    const fd = yield* open(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0) throw new ExpansionError(`${path}: ${strerror(fd)}`);
    const pid = yield* this.forkShell(function* (child) {
      yield* moveTo(fd, STDOUT);
      yield* child.statements(script.statements);
    });
    yield* close(fd);
    if (pid >= 0) yield* waitForChild(this, pid, false);
    return path;
  }

  private *andOrList(statement: StatementNode): Body<void> {
    const { pipelines, operators } = statement;
    for (const [i, node] of pipelines.entries()) {
      const operator = i === 0 ? ';' : operators[i - 1];
      if (operator === '&&' && this.state.status !== 0) continue;
      if (operator === '||' && this.state.status === 0) continue;
      // `set -e` looks at the last command of a list only, and not at negated ones.
      const checked = i === pipelines.length - 1 && !node.negated;
      if (!checked) this.state.conditions++;
      yield* pipeline(this, node, statement, i);
      if (!checked) this.state.conditions--;
      if (this.state.unwinding !== null) return;
      if (checked && this.state.status !== 0) yield* this.failed();
    }
  }

  /** `set -e` and `trap … ERR`. */
  private *failed(): Body<void> {
    const { state } = this;
    if (state.conditions > 0) return;
    const { status, errTrap } = state;
    if (errTrap !== null && errTrap !== '' && state.calls.length === 0) {
      state.errTrap = null;
      yield* this.eval(errTrap, 'error trap');
      state.errTrap ??= errTrap;
      state.status = status;
    }
    if (state.options.errexit && state.unwinding === null) state.unwinding = { kind: 'exit', status };
  }

  /** Forks a shell that runs `body` with a copy of this one's state, then exits. Its pid, or an error below 0. */
  *forkShell(body: (child: Shell) => Body<void>): Body<number> {
    const child = this.subshell();
    return yield* fork(current().comm, function* () {
      yield* body(child);
      yield* child.exitTrap();
      return child.leave();
    });
  }

  *command(command: CommandNode): Body<void> {
    if (command.type === 'SimpleCommand') {
      yield* simpleCommand(this, command);
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

  *expansionFailed(error: unknown): Body<void> {
    if (!(error instanceof ExpansionError || error instanceof ArithmeticError)) throw error;
    yield* this.complain(error.message);
    this.state.status = 1;
    // Of a calculation that failed only what was typed with it is dropped; a script goes on.
    const drops = error instanceof ExpansionError || this.state.interactive;
    if (drops) this.state.unwinding = { kind: 'abort', status: 1 };
  }
}

/** Longer than a round of an empty loop takes: one that a user forgot must not keep the host busy. */
const BREATH_NS = 100_000;

export const INTERACTIVE_IGNORES: readonly number[] = [SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU];

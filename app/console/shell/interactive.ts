import type { Body } from '../../sim/call.ts';
import { current } from '../../kernel/include/sched.ts';
import { SIGCONT, SIGHUP, SIGINT, SIGWINCH } from '../../kernel/include/signal.ts';
import { dupFrom, getpid, kill, print, setpgid, STDERR, STDIN } from '../userland/libc.ts';
import { handleSignal } from '../userland/process.ts';
import { tcgetattr, tcsetpgrp } from '../userland/termios.ts';
import { expandAliases } from './aliases.ts';
import { keptByJobs } from './builtins/flow.ts';
import { readFile } from './command-search.ts';
import { formatSyntaxErrors, type ParsedScript } from './issues.ts';
import { expandPrompt } from './prompt.ts';
import { expandHistory } from './readline/history-expansion.ts';
import { INTERACTIVE_IGNORES, type Shell } from './shell.ts';
import { readTerminalLine, type TypedLine } from './terminal-line.ts';
import { tellJobs } from './waiting.ts';

/** Who wants to know what a session does. */
export interface Watch {
  /** Hears each command that was entered, as it begins. */
  readonly onCommand?: (source: string) => void;
  /** Hears each prompt for a new command. */
  readonly onPrompt?: () => void;
}

/** Lines of history that are kept. */
const HISTORY_SIZE = 1000;
const CONTINUATION = '> ';

/** The loop of an interactive shell: prompt, line, command. The result is the status that it leaves with. */
export function* interactive(shell: Shell, watch: Watch = {}): Body<number> {
  const { state } = shell;
  yield* begin(shell);
  for (;;) {
    yield* tellJobs(shell);
    const command = yield* readCommand(shell, watch);
    if (command === 'hangup') {
      yield* hangUp(shell);
      break;
    }
    if (command === 'eof') {
      if (state.options.ignoreeof) {
        yield* print(STDERR, 'Use "exit" to leave the shell.\n');
        continue;
      }
      yield* print(STDERR, 'exit\n');
      if (yield* keptByJobs(shell)) continue;
      break;
    }
    if (command === null) continue;
    watch.onCommand?.(command.source);
    const warned = shell.warnedOfJobs;
    yield* shell.statements(command.parsed.statements);
    if (warned) shell.warnedOfJobs = false;
    if (state.unwinding?.kind === 'exit') break;
    state.unwinding = null;
    state.loops = 0;
    state.conditions = 0;
  }
  const status = shell.leave();
  state.unwinding = { kind: 'exit', status };
  yield* shell.exitTrap();
  return shell.leave();
}

function* begin(shell: Shell): Body<void> {
  const { state } = shell;
  state.pid = getpid();
  state.interactive = true;
  state.variables.set('PWD', current().pwd);
  if (!state.variables.has('PS1')) state.variables.set('PS1', '\\u@\\h:\\w\\$ ');
  if (!state.variables.has('PS2')) state.variables.set('PS2', CONTINUATION);
  for (const signal of [SIGINT, SIGWINCH, SIGHUP]) handleSignal(signal, 'handle');
  for (const signal of INTERACTIVE_IGNORES) handleSignal(signal, 'ignore');
  const settings = yield* tcgetattr(STDIN);
  if (typeof settings !== 'number') {
    yield* setpgid(0, 0);
    shell.terminal = { fd: yield* dupFrom(STDIN, 10), settings };
    yield* tcsetpgrp(shell.terminal.fd, getpid());
    state.options.monitor = true;
  }
  const settingsOfUser = yield* readFile(`${state.variables.get('HOME') ?? ''}/.bashrc`);
  if (typeof settingsOfUser !== 'number') yield* shell.eval(settingsOfUser, '.bashrc');
  state.unwinding = null;
}

interface Command {
  readonly source: string;
  readonly parsed: Extract<ParsedScript, { ok: true }>['script'];
}

/** One whole command, over as many lines as it takes. Null if there is nothing to run. */
function* readCommand(shell: Shell, watch: Watch): Body<Command | 'eof' | 'hangup' | null> {
  const { state } = shell;
  const hook = state.variables.get('PROMPT_COMMAND');
  if (hook !== undefined && hook !== '') {
    const { status } = state;
    yield* shell.eval(hook, 'PROMPT_COMMAND');
    state.status = status;
    state.unwinding = null;
  }
  watch.onPrompt?.();
  let source = '';
  /** The text stands in quotes or in a here-document: a `!` in it is only a character. */
  let verbatim = false;
  for (;;) {
    const variable = source === '' ? 'PS1' : 'PS2';
    const prompt = expandPrompt(state, state.variables.get(variable) ?? '', shell.history.length + 1);
    const typed: TypedLine = yield* readTerminalLine(shell, prompt);
    if (typed.kind === 'interrupt') return null;
    if (typed.kind === 'hangup') return 'hangup';
    if (typed.kind === 'eof') {
      if (source === '') return 'eof';
      yield* print(
        STDERR,
        formatSyntaxErrors([{ line: 1, column: null, message: OPEN_END }], source, 'bash'),
      );
      state.status = 2;
      return null;
    }
    const line: string | null = verbatim ? typed.line : yield* historyOf(shell, typed.line);
    if (line === null) return null;
    if (source === '') source = line;
    else if (!verbatim && CONTINUED.test(source)) source = source.slice(0, -1) + line;
    else source += `\n${line}`;
    if (source.trim() === '') return null;
    const goesOn = CONTINUED.test(source);
    const parsed: ParsedScript = shell.host.parse(expandAliases(source, state.aliases));
    verbatim = !parsed.ok && /^here-document|matching `''/.test(parsed.issues[0]?.message ?? '');
    if (goesOn || (!parsed.ok && parsed.incomplete === true)) continue;
    remember(shell, source);
    if (parsed.ok) return { source, parsed: parsed.script };
    for (const issue of parsed.issues.slice(0, 1)) yield* shell.complain(issue.message);
    state.status = 2;
    return null;
  }
}

/** An odd number of backslashes at the end: the next line belongs to this one. */
const CONTINUED = /(?:^|[^\\])(?:\\\\)*\\$/;
const OPEN_END = 'syntax error: unexpected end of file';

/** Replaces what refers to the history, and shows the line that came of it. Null if it is not to be run. */
function* historyOf(shell: Shell, line: string): Body<string | null> {
  const expanded = expandHistory(line, shell.history);
  if (!expanded.ok) {
    yield* shell.complain(expanded.message);
    shell.state.status = 1;
    return null;
  }
  if (expanded.changed) yield* print(STDERR, `${expanded.line}\n`);
  if (!expanded.printOnly) return expanded.line;
  remember(shell, expanded.line);
  return null;
}

function remember({ history, state }: Shell, line: string): void {
  const control = state.variables.get('HISTCONTROL') ?? '';
  if (/ignore(?:space|both)/.test(control) && line.startsWith(' ')) return;
  if (/ignore(?:dups|both)/.test(control) && history[history.length - 1] === line) return;
  history.push(line);
  if (history.length > HISTORY_SIZE) history.shift();
}

/** The terminal is gone: the jobs are told, and those that are stopped have to go on to hear it. */
function* hangUp(shell: Shell): Body<void> {
  for (const job of shell.state.jobs.list) {
    if (job.state === 'done' || job.pgrp === 0) continue;
    yield* kill(-job.pgrp, SIGHUP);
    if (job.state === 'stopped') yield* kill(-job.pgrp, SIGCONT);
  }
  shell.state.unwinding = { kind: 'exit', status: 129 };
}

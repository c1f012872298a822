import type { Body } from '../../sim/call.ts';
import { EACCES, EISDIR, strerror } from '../../kernel/include/errno.ts';
import { close, listDirectory, open, readAll } from '../userland/libc.ts';
import type { Program } from '../programs/program.ts';
import { formatSyntaxErrors } from './issues.ts';
import { print, STDERR } from '../userland/libc.ts';
import type { Shell } from './shell.ts';
import { ShellState } from './state.ts';

/** Why a word is no command. */
export interface NotFound {
  readonly message: string;
  /** 126 if there is something that cannot be run, 127 if there is nothing. */
  readonly status: 126 | 127;
}

/** What a command word runs: a program of the guest, or a script in a file. */
export function* findCommand(shell: Shell, word: string): Body<{ readonly program: Program } | NotFound> {
  const program = shell.host.findProgram(word);
  if (program !== null) return { program };
  if (word === '') return { message: ': command not found', status: 127 };
  if (!word.includes('/')) return { message: `${word}: command not found`, status: 127 };
  const text = yield* readFile(word);
  if (typeof text === 'number') {
    const status = text === -EACCES || text === -EISDIR ? 126 : 127;
    return { message: `${word}: ${strerror(text)}`, status };
  }
  if (/^\/(?:proc|sys|dev)\//.test(word)) return { message: `${word}: ${strerror(EACCES)}`, status: 126 };
  return interpreterOf(shell, word, text);
}

/** The text of a file, or an error below 0. */
export function* readFile(path: string): Body<string | number> {
  if (typeof (yield* listDirectory(path)) !== 'number') return -EISDIR;
  const fd = yield* open(path);
  if (fd < 0) return fd;
  const text = yield* readAll(fd);
  yield* close(fd);
  return text;
}

function interpreterOf(shell: Shell, path: string, text: string): { readonly program: Program } | NotFound {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const line = /^#!\s*(\S+)(?:\s+(.*?))?\s*(?:\n|$)/.exec(text);
  const interpreter = line?.[1] ?? '/bin/bash';
  const argument = line?.[2];
  const viaEnv = interpreter.endsWith('/env') && argument !== undefined;
  const [word, ...options] = viaEnv ? argument.split(/\s+/) : [interpreter, ...(argument ? [argument] : [])];
  if (/(?:^|\/)(?:ba|da)?sh$/.test(word)) return { program: scriptProgram(shell, name, text, options) };
  const program = shell.host.findProgram(word);
  if (program === null) {
    return { message: `${path}: ${word}: bad interpreter: No such file or directory`, status: 126 };
  }
  return {
    program: {
      ...program,
      name,
      main: (invocation) => program.main({ ...invocation, args: [...options, path, ...invocation.args] }),
    },
  };
}

/** A script as a program. */
function scriptProgram(shell: Shell, name: string, text: string, options: readonly string[]): Program {
  return {
    ...{ name, summary: 'A shell script.', options: [] },
    *main({ name: path, args, environment }) {
      const state = new ShellState();
      for (const word of options) setFlags(state, word);
      state.name = path;
      state.source = path;
      state.args = args;
      importEnvironment(state, environment);
      return yield* runText(shell.fresh(state), text, path);
    },
  };
}

/** `-eux` of a `#!` line or a command line. */
export function setFlags({ options }: ShellState, word: string): void {
  if (!word.startsWith('-')) return;
  if (word.includes('e')) options.errexit = true;
  if (word.includes('u')) options.nounset = true;
  if (word.includes('x')) options.xtrace = true;
  if (word.includes('n')) options.noexec = true;
}

export function importEnvironment(state: ShellState, environment: ReadonlyMap<string, string>): void {
  for (const [variable, value] of environment) {
    state.variables.set(variable, value);
    state.exported.add(variable);
  }
}

/** Runs the text of a script, or says what is wrong with it. */
export function* runText(shell: Shell, text: string, name: string): Body<number> {
  const parsed = shell.host.parse(text);
  if (parsed.ok) return yield* shell.run(parsed.script);
  yield* print(STDERR, formatSyntaxErrors(parsed.issues, text, name));
  return 2;
}

import type { Body } from '../../sim/call.ts';
import { ENOENT, strerror } from '../../kernel/include/errno.ts';
import { builtins } from '../shell/builtins/index.ts';
import { importEnvironment, readFile, runText, setFlags } from '../shell/command-search.ts';
import { interactive } from '../shell/interactive.ts';
import { Shell, type ShellHost } from '../shell/shell.ts';
import { print, readAll, STDERR, STDIN } from '../userland/libc.ts';
import { isatty } from '../userland/termios.ts';
import { ShellState } from '../shell/state.ts';
import type { Invocation, Program } from './program.ts';

const USAGE = '-c SCRIPT [NAME [ARGUMENT]...] | FILE [ARGUMENT]...';

/** The shell as a program: `sh -c SCRIPT`, `sh FILE`, or with a terminal to type to. */
export const shellProgram = (host: Omit<ShellHost, 'parse'>, name = 'sh'): Program => ({
  ...{ name, summary: 'Runs a shell script.', operands: USAGE },
  options: [
    { flag: '-c', value: 'SCRIPT', description: 'the script' },
    { flag: '-e', description: 'ends when a command fails' },
    { flag: '-i', description: 'interactive: a prompt, history and job control' },
    { flag: '-n', description: 'only reads the script' },
    { flag: '-u', description: 'takes unset variables as errors' },
    { flag: '-x', description: 'shows commands before they run' },
  ],
  *main(invocation: Invocation): Body<number> {
    const { args, environment, parse } = invocation;
    const called = invocation.name.slice(invocation.name.lastIndexOf('/') + 1);
    const state = new ShellState();
    importEnvironment(state, environment);
    const shell = new Shell({ ...host, parse }, state);
    const given = flagsOf(args);
    if (typeof given === 'string') {
      yield* print(STDERR, `${called}: ${given}: invalid option\nUsage:\t${called} [option] ...\n`);
      return 2;
    }
    const { letters, rest } = given;
    setFlags(state, `-${letters}`);
    const [first, ...others] = rest;
    if (letters.includes('c')) {
      if (first === undefined) {
        yield* print(STDERR, `${called}: -c: option requires an argument\n`);
        return 2;
      }
      state.name = others[0] ?? called;
      state.source = others[0] ?? called;
      state.args = others.slice(1);
      return yield* runText(shell, first, `${called}: -c`);
    }
    if (first !== undefined && !letters.includes('s')) {
      const text = yield* readFile(first);
      if (typeof text === 'number') {
        yield* print(STDERR, `${called}: ${first}: ${strerror(text)}\n`);
        return text === -ENOENT ? 127 : 126;
      }
      Object.assign(state, { name: first, source: first, args: others });
      return yield* runText(shell, text, first);
    }
    state.name = called;
    if (letters.includes('i') || (yield* isatty(STDIN))) return yield* interactive(shell);
    const text = yield* readAll(STDIN);
    if (typeof text === 'number') return 1;
    state.source = called;
    return yield* runText(shell, text, called);
  },
});

/** The letters of options, and what is left; the word that is none. */
function flagsOf(args: readonly string[]): { letters: string; rest: readonly string[] } | string {
  let letters = '';
  for (const [at, word] of args.entries()) {
    if (word === '--') return { letters, rest: args.slice(at + 1) };
    if (!/^-./.test(word)) return { letters, rest: args.slice(at) };
    if (/^--(?:login|norc|noprofile|posix|noediting)$/.test(word)) continue;
    if (!/^-[cefiluvxns]+$/.test(word)) return word;
    letters += word.slice(1);
  }
  return { letters, rest: [] };
}

/** Commands that exist as programs, too: what `exec` and `env` start. */
export function builtinPrograms(findProgram: ShellHost['findProgram']): readonly Program[] {
  return BUILTINS.map(([name, summary]) => ({
    ...{ name, summary, operands: '[ARGUMENT]...', options: [] },
    *main({ args, environment, parse }: Invocation): Body<number> {
      const state = new ShellState();
      for (const [variable, value] of environment) state.variables.set(variable, value);
      const builtin = builtins.get(name);
      return builtin === undefined ? 127 : yield* builtin.run(new Shell({ parse, findProgram }, state), args);
    },
  }));
}

const BUILTINS: readonly (readonly [name: string, summary: string])[] = [
  ['[', 'Tests a condition.'],
  ['echo', 'Prints its arguments.'],
  ['false', 'Fails.'],
  ['kill', 'Sends a signal to processes.'],
  ['printf', 'Prints its arguments in a format.'],
  ['pwd', 'Prints the working directory.'],
  ['test', 'Tests a condition.'],
  ['true', 'Succeeds.'],
];

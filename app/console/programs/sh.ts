import type { Body } from '../../sim/call.ts';
import { print, STDERR } from '../userland/libc.ts';
import { builtins } from '../shell/builtins.ts';
import { formatIssue } from '../shell/issues.ts';
import { Shell, type ShellHost } from '../shell/shell.ts';
import { ShellState } from '../shell/state.ts';
import type { Invocation, Program } from './program.ts';

/** The shell as a program: `sh -c SCRIPT [NAME [ARGUMENT]...]`. */
export const shellProgram = (findProgram: ShellHost['findProgram']): Program => ({
  name: 'sh',
  summary: 'Runs a shell script.',
  operands: '-c SCRIPT [NAME [ARGUMENT]...]',
  options: [{ flag: '-c', value: 'SCRIPT', description: 'the script' }],
  *main({ args, environment, parse }: Invocation): Body<number> {
    const flags = args[0] ?? '';
    if (!/^-[eux]*c$/.test(flags) || args.length < 2) {
      yield* print(STDERR, 'sh: only sh -c SCRIPT is supported\n');
      return 2;
    }
    const [, source, name, ...rest] = args;
    const parsed = parse(source);
    if (!parsed.ok) {
      for (const issue of parsed.issues) yield* print(STDERR, `bash: -c: ${formatIssue(issue)}\n`);
      return 2;
    }
    const state = new ShellState();
    state.errexit = flags.includes('e');
    state.nounset = flags.includes('u');
    state.xtrace = flags.includes('x');
    if (name !== undefined) state.name = name;
    state.args = rest;
    for (const [variable, value] of environment) {
      state.variables.set(variable, value);
      state.exported.add(variable);
    }
    return yield* new Shell({ parse, findProgram }, state).run(parsed.script);
  },
});

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

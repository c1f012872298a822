import type { FunctionDefNode } from './ast.ts';
import { JobTable } from './jobs.ts';

/** A way out of nested commands that is under way. */
export type Unwinding =
  | { readonly kind: 'break' | 'continue'; readonly levels: number }
  /** `abort`: an error or Ctrl-C; an interactive shell goes on with the next line. */
  | { readonly kind: 'return' | 'exit' | 'abort'; readonly status: number };

/** An array: values by index, in order; or by key, in order of assignment. */
export interface ShellArray {
  readonly keyed: boolean;
  readonly values: ReadonlyMap<string, string>;
}

/** Settings of `set` and `shopt`. */
export interface Options {
  errexit: boolean;
  xtrace: boolean;
  nounset: boolean;
  noglob: boolean;
  noexec: boolean;
  verbose: boolean;
  noclobber: boolean;
  allexport: boolean;
  pipefail: boolean;
  /** Job control. */
  monitor: boolean;
  ignoreeof: boolean;
}

/** What a function call has put aside: values that local variables hide. */
export type Locals = Map<
  string,
  { readonly value: string | undefined; readonly array: ShellArray | undefined }
>;

/** The variables and settings of one shell process. */
export class ShellState {
  readonly variables = new Map<string, string>();
  readonly arrays = new Map<string, ShellArray>();
  readonly exported = new Set<string>();
  readonly readonlys = new Set<string>();
  readonly functions = new Map<string, FunctionDefNode>();
  readonly aliases = new Map<string, string>();
  /** Where commands were found: `hash`. */
  readonly hashed = new Map<string, number>();
  /** `$1`, `$2` … */
  args: readonly string[] = [];
  /** `$0` */
  name = 'bash';
  /** The file that commands come from, as errors name it; null for a terminal. */
  source: string | null = null;
  interactive = false;
  /** `$?` */
  status = 0;
  /** The statuses of the last pipeline: PIPESTATUS. */
  pipeStatus: readonly number[] = [0];
  /** `$$`: that of the main shell, also in subshells. */
  pid = 0;
  /** `$!`; 0 before the first background job. */
  lastBackground = 0;
  /** `$_` */
  lastArgument = '';
  jobs = new JobTable();
  /** Ends of children that `wait` has still to report: pid -> status. */
  readonly ended = new Map<number, number>();
  /** Commands for signals: `trap`. An empty one ignores the signal. 0 is EXIT. */
  readonly traps = new Map<number, string>();
  errTrap: string | null = null;
  options: Options = {
    ...{ errexit: false, xtrace: false, nounset: false, noglob: false, noexec: false, verbose: false },
    ...{ noclobber: false, allexport: false, pipefail: false, monitor: false, ignoreeof: false },
  };
  /** `shopt` options that are on. */
  readonly shopt = new Set<string>(['cmdhist', 'expand_aliases', 'promptvars', 'sourcepath']);
  unwinding: Unwinding | null = null;
  /** Loops around the command that runs. */
  loops = 0;
  /** Calls of functions and `source` around it, innermost last. */
  calls: Locals[] = [];
  /** Names of the functions that run, innermost last: FUNCNAME. */
  functionNames: string[] = [];
  /** Depth of conditions, where `set -e` does not apply. */
  conditions = 0;
  /** Line of the simple command that runs, for `$LINENO`. */
  line = 1;
  /** What `$RANDOM` draws from. */
  random = 1;
  umask = 0o022;
  /** Where `getopts` is inside of a word. */
  optionAt = 1;
  directories: readonly string[] = [];

  /** What a subshell starts with: a copy of everything but the jobs. */
  forSubshell(): ShellState {
    const copy = new ShellState();
    for (const [name, value] of this.variables) copy.variables.set(name, value);
    for (const [name, value] of this.arrays) copy.arrays.set(name, value);
    for (const name of this.exported) copy.exported.add(name);
    for (const name of this.readonlys) copy.readonlys.add(name);
    for (const [name, body] of this.functions) copy.functions.set(name, body);
    for (const [name, text] of this.aliases) copy.aliases.set(name, text);
    for (const name of this.shopt) copy.shopt.add(name);
    const { args, name, source, status, pid, lastBackground, line, random, umask, pipeStatus } = this;
    const { loops, conditions, lastArgument, calls, directories } = this;
    return Object.assign(copy, {
      ...{ args, name, source, status, pid, lastBackground, line, random, umask, pipeStatus },
      ...{ loops, conditions, lastArgument, directories },
      calls: calls.map((locals) => new Map(locals)),
      functionNames: [...this.functionNames],
      options: { ...this.options, monitor: false },
    });
  }

  /** What a program that the shell starts finds in its environment. */
  environment(): ReadonlyMap<string, string> {
    return new Map([...this.exported].map((name) => [name, this.variables.get(name) ?? '']));
  }

  /** What errors begin with: `bash: `, `./x.sh: line 3: `. */
  get errorPrefix(): string {
    if (this.source === null) return 'bash: ';
    return `${this.source}: line ${this.line}: `;
  }

  /** `$-` */
  get flags(): string {
    const { options } = this;
    const letters: readonly (readonly [on: boolean, letter: string])[] = [
      ...[[options.allexport, 'a'] as const, [options.errexit, 'e'] as const, [options.noglob, 'f'] as const],
      ...[[true, 'h'] as const, [this.interactive, 'i'] as const, [options.monitor, 'm'] as const],
      ...[[options.noexec, 'n'] as const, [options.nounset, 'u'] as const, [options.verbose, 'v'] as const],
      ...[[options.xtrace, 'x'] as const, [true, 'B'] as const, [options.noclobber, 'C'] as const],
      [this.interactive, 'H'],
    ];
    return letters.map(([on, letter]) => (on ? letter : '')).join('');
  }
}

import type { FunctionDefNode } from './ast.ts';

/** A way out of nested commands that is under way. */
export type Unwinding =
  | { readonly kind: 'break' | 'continue'; readonly levels: number }
  | { readonly kind: 'return' | 'exit'; readonly status: number };

/** A child in the background. */
export interface Job {
  readonly number: number;
  readonly pids: readonly number[];
  readonly text: string;
}

/** The variables and settings of one shell process. */
export class ShellState {
  readonly variables = new Map<string, string>();
  readonly exported = new Set<string>();
  readonly functions = new Map<string, FunctionDefNode>();
  /** `$1`, `$2` … */
  args: readonly string[] = [];
  /** `$0` */
  name = 'bash';
  /** `$?` */
  status = 0;
  /** `$$`: that of the main shell, also in subshells. */
  pid = 0;
  /** `$!`; 0 before the first background job. */
  lastBackground = 0;
  jobs: Job[] = [];
  /** Ends of children that `wait` has still to report: pid -> status. */
  readonly ended = new Map<number, number>();
  /** Commands for signals: `trap`. An empty one ignores the signal. */
  readonly traps = new Map<number, string>();
  errexit = false;
  xtrace = false;
  nounset = false;
  noglob = false;
  unwinding: Unwinding | null = null;
  /** Loops around the command that runs. */
  loops = 0;
  /** Depth of conditions, where `set -e` does not apply. */
  conditions = 0;
  /** Line of the simple command that runs, for `$LINENO`. */
  line = 1;
  /** What `$RANDOM` draws from. */
  random = 1;

  /** What a subshell starts with: a copy of everything but the jobs. */
  forSubshell(): ShellState {
    const copy = new ShellState();
    for (const [name, value] of this.variables) copy.variables.set(name, value);
    for (const name of this.exported) copy.exported.add(name);
    for (const [name, body] of this.functions) copy.functions.set(name, body);
    const { args, name, status, pid, lastBackground, errexit, xtrace, nounset, noglob, line, random } = this;
    const { loops, conditions } = this;
    return Object.assign(copy, {
      ...{ args, name, status, pid, lastBackground, errexit, xtrace, nounset, noglob, line, random },
      ...{ loops, conditions },
    });
  }

  /** What a program that the shell starts finds in its environment. */
  environment(): ReadonlyMap<string, string> {
    return new Map([...this.exported].map((name) => [name, this.variables.get(name) ?? '']));
  }
}

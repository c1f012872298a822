import type { Body } from '../../../sim/call.ts';
import type { Builtin } from './builtin.ts';
import { declaration, unset } from './declare.ts';
import { exit, leaveLoop, returnFrom, source, suspend } from './flow.ts';
import { bg, disown, fg, jobs, killCommand, trap, wait } from './job-control.ts';
import { alias, builtin, cd, command, dirs, hash, history, popd, pushd, type, unalias } from './names.ts';
import { bracket, echo, printf, pwd, test } from './output.ts';
import { mapfile, readLine } from './read.ts';
import { getopts, letCommand, set, shift, shopt, times, ulimit, umask } from './settings.ts';

export type { Builtin };

function* constant(status: number): Body<number> {
  return status;
}

/** Commands that the shell runs itself. `exec` is only named here: the shell does it, as its redirections stay. */
export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['.', { run: source('.') }],
  [':', { run: () => constant(0) }],
  ['[', { run: bracket }],
  ['alias', { run: alias }],
  ['bg', { run: bg }],
  ['break', { run: leaveLoop('break') }],
  ['builtin', { run: builtin }],
  ['cd', { run: cd }],
  ['command', { run: command }],
  ['continue', { run: leaveLoop('continue') }],
  ['declare', { run: declaration('declare') }],
  ['dirs', { run: dirs }],
  ['disown', { run: disown }],
  ['echo', { run: echo }],
  ['eval', { run: (shell, args) => shell.eval(args.join(' ')) }],
  ['exec', { run: () => constant(0) }],
  ['exit', { run: exit }],
  ['export', { run: declaration('export') }],
  ['false', { run: () => constant(1) }],
  ['fg', { run: fg }],
  ['getopts', { run: getopts }],
  ['hash', { run: hash }],
  ['history', { run: history }],
  ['jobs', { run: jobs }],
  ['kill', { run: killCommand }],
  ['let', { run: letCommand }],
  ['local', { run: declaration('local') }],
  ['logout', { run: exit }],
  ['mapfile', { run: mapfile }],
  ['popd', { run: popd }],
  ['printf', { run: printf }],
  ['pushd', { run: pushd }],
  ['pwd', { run: pwd }],
  ['read', { run: readLine }],
  ['readarray', { run: mapfile }],
  ['readonly', { run: declaration('readonly') }],
  ['return', { run: returnFrom }],
  ['set', { run: set }],
  ['shift', { run: shift }],
  ['shopt', { run: shopt }],
  ['source', { run: source('source') }],
  ['suspend', { run: suspend }],
  ['test', { run: test }],
  ['times', { run: times }],
  ['trap', { run: trap }],
  ['true', { run: () => constant(0) }],
  ['type', { run: type }],
  ['typeset', { run: declaration('typeset') }],
  ['ulimit', { run: ulimit }],
  ['umask', { run: umask }],
  ['unalias', { run: unalias }],
  ['unset', { run: unset }],
  ['wait', { run: wait }],
]);

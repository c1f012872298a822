import type { Body } from '../../../sim/call.ts';
import { strerror } from '../../../kernel/include/errno.ts';
import { current } from '../../../kernel/include/sched.ts';
import { chdir, print, STDOUT } from '../../userland/libc.ts';
import { abbreviate } from '../jobs.ts';
import { quote } from '../quote.ts';
import type { Shell } from '../shell.ts';
import { sourceOf } from './declare.ts';
import { failure, invalidOption, letters, numberArgument, output, usage } from './builtin.ts';

export function* cd(shell: Shell, args: readonly string[]): Body<number> {
  const { variables } = shell.state;
  const { operands, bad } = letters(args[0] === '-' ? ['--', ...args] : args, 'LPe@');
  if (bad !== null) return yield* invalidOption(shell, 'cd', bad, '[-L|[-P [-e]] [-@]] [dir]');
  if (operands.length > 1) return yield* failure(shell, 'cd: too many arguments');
  const [word] = operands;
  const target = word === '-' ? variables.get('OLDPWD') : (word ?? variables.get('HOME'));
  if (target === undefined) return yield* failure(shell, `cd: ${word === '-' ? 'OLDPWD' : 'HOME'} not set`);
  return yield* goTo(shell, 'cd', target, word === '-');
}

function* goTo(shell: Shell, name: string, target: string, show: boolean): Body<number> {
  const { variables } = shell.state;
  const before = current().pwd;
  const error = target === '' ? 0 : yield* chdir(target);
  if (error < 0) return yield* failure(shell, `${name}: ${target}: ${strerror(error)}`);
  variables.set('OLDPWD', before);
  variables.set('PWD', current().pwd);
  return show ? yield* output(shell, name, `${current().pwd}\n`) : 0;
}

const home = ({ state }: Shell): string => state.variables.get('HOME') ?? '';

/** `pushd DIR`, `popd`, `dirs`: a stack of folders. */
export function* pushd(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  const here = current().pwd;
  const [target] = args.length > 0 ? args : state.directories;
  if (target === undefined) return yield* failure(shell, 'pushd: no other directory');
  const status = yield* goTo(shell, 'pushd', target, false);
  if (status !== 0) return status;
  state.directories = [here, ...(args.length > 0 ? state.directories : state.directories.slice(1))];
  return yield* dirs(shell);
}

export function* popd(shell: Shell): Body<number> {
  const { state } = shell;
  const [target, ...rest] = state.directories;
  if (target === undefined) return yield* failure(shell, 'popd: directory stack empty');
  const status = yield* goTo(shell, 'popd', target, false);
  if (status !== 0) return status;
  state.directories = rest;
  return yield* dirs(shell);
}

export const dirs = (shell: Shell): Body<number> =>
  output(
    shell,
    'dirs',
    `${[current().pwd, ...shell.state.directories].map((path) => abbreviate(path, home(shell))).join(' ')}\n`,
  );

export function* alias(shell: Shell, args: readonly string[]): Body<number> {
  const { aliases } = shell.state;
  const words = args.filter((word) => word !== '-p' && word !== '--');
  if (words.length === 0) {
    const names = [...aliases.keys()].sort();
    return yield* output(
      shell,
      'alias',
      names.map((name) => aliasLine(name, aliases.get(name) ?? '')).join(''),
    );
  }
  let status = 0;
  for (const word of words) {
    const at = word.indexOf('=');
    if (at > 0) aliases.set(word.slice(0, at), word.slice(at + 1));
    else if (aliases.has(word)) yield* output(shell, 'alias', aliasLine(word, aliases.get(word) ?? ''));
    else status = yield* failure(shell, `alias: ${word}: not found`);
  }
  return status;
}

const aliasLine = (name: string, text: string): string => `alias ${name}=${quote(text)}\n`;

export function* unalias(shell: Shell, args: readonly string[]): Body<number> {
  const { aliases } = shell.state;
  if (args.length === 0) return yield* usage('unalias', '[-a] name [name ...]');
  if (args[0] === '-a') {
    aliases.clear();
    return 0;
  }
  let status = 0;
  for (const word of args) {
    if (!aliases.delete(word)) status = yield* failure(shell, `unalias: ${word}: not found`);
  }
  return status;
}

const KEYWORDS = new Set([
  ...[
    'if',
    'then',
    'else',
    'elif',
    'fi',
    'case',
    'esac',
    'for',
    'while',
    'until',
    'do',
    'done',
    'in',
    'function',
  ],
  ...['time', '{', '}', '!', '[[', ']]'],
]);

interface Kind {
  readonly kind: 'alias' | 'keyword' | 'function' | 'builtin' | 'file';
  readonly shown: string;
  /** What `command -v` prints. */
  readonly short: string;
}

function kindOf(shell: Shell, name: string): Kind | null {
  const { aliases, functions } = shell.state;
  const text = aliases.get(name);
  if (text !== undefined) {
    return {
      kind: 'alias',
      shown: `${name} is aliased to \`${text}'`,
      short: `alias ${name}=${quote(text)}`,
    };
  }
  if (KEYWORDS.has(name)) return { kind: 'keyword', shown: `${name} is a shell keyword`, short: name };
  if (functions.has(name)) return { kind: 'function', shown: `${name} is a function`, short: name };
  if (shell.builtins.has(name)) return { kind: 'builtin', shown: `${name} is a shell builtin`, short: name };
  if (shell.host.findProgram(name) === null) return null;
  const path = name.includes('/') ? name : `/usr/local/bin/${name}`;
  return { kind: 'file', shown: `${name} is ${path}`, short: path };
}

export function* type(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 'afptP');
  if (bad !== null) return yield* invalidOption(shell, 'type', bad, '[-afptP] name [name ...]');
  let status = 0;
  for (const name of operands) {
    const kind = kindOf(shell, name);
    if (kind === null) {
      if (!flags.has('t') && !flags.has('p')) yield* shell.complain(`type: ${name}: not found`);
      status = 1;
    } else if (flags.has('t')) yield* print(STDOUT, `${kind.kind}\n`);
    else if (flags.has('p') || flags.has('P')) {
      if (kind.kind === 'file') yield* print(STDOUT, `${kind.short}\n`);
    } else {
      const source = kind.kind === 'function' ? `${sourceOf(shell, name)}\n` : '';
      yield* print(STDOUT, `${kind.shown}\n${source}`);
    }
  }
  return status;
}

/** `command -v NAME` says how a name would be understood; `command NAME…` runs it, but no function. */
export function* command(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 'pVv');
  if (bad !== null) return yield* invalidOption(shell, 'command', bad, '[-pVv] command [arg ...]');
  if (operands.length === 0) return 0;
  if (!flags.has('v') && !flags.has('V')) return yield* shell.runWords(operands);
  let found = false;
  for (const name of operands) {
    const kind = kindOf(shell, name);
    if (kind !== null) {
      found = true;
      yield* output(shell, 'command', `${flags.has('v') ? kind.short : kind.shown}\n`);
    } else if (flags.has('V')) yield* shell.complain(`command: ${name}: not found`);
  }
  return found ? 0 : 1;
}

export function* builtin(shell: Shell, args: readonly string[]): Body<number> {
  const [name, ...rest] = args;
  if (name === undefined) return 0;
  const found = shell.builtins.get(name);
  if (found === undefined) return yield* failure(shell, `builtin: ${name}: not a shell builtin`);
  return yield* found.run(shell, rest);
}

export function* hash(shell: Shell, args: readonly string[]): Body<number> {
  const { operands, bad } = letters(args, 'lrdt', 'p');
  if (bad !== null) return yield* invalidOption(shell, 'hash', bad, '[-lr] [-p pathname] [-dt] [name ...]');
  let status = 0;
  for (const name of operands) {
    if (shell.host.findProgram(name) === null && !shell.builtins.has(name)) {
      status = yield* failure(shell, `hash: ${name}: not found`);
    }
  }
  return status;
}

/** `history [N]`, `-c`: what was typed. */
export function* history(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 'canrw', 'd');
  if (bad !== null)
    return yield* invalidOption(shell, 'history', bad, '[-c] [-d offset] [n] or history -anrw');
  if (flags.has('c')) {
    shell.history.length = 0;
    return 0;
  }
  const remove = flags.get('d');
  if (remove !== undefined) {
    const at = Number(remove);
    if (!Number.isInteger(at) || at < 1 || at > shell.history.length) {
      return yield* failure(shell, `history: ${remove}: history position out of range`);
    }
    shell.history.splice(at - 1, 1);
    return 0;
  }
  const count = yield* numberArgument(shell, 'history', operands[0], shell.history.length);
  if (count === null) return 1;
  const first = Math.max(0, shell.history.length - count);
  const lines = shell.history
    .slice(first)
    .map((line, i) => `${String(first + i + 1).padStart(5)}  ${line}\n`);
  return yield* output(shell, 'history', lines.join(''));
}

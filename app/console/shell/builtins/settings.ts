import type { Body } from '../../../sim/call.ts';
import { evaluate } from '../arithmetic.ts';
import { arithmeticContext } from '../expand.ts';
import { quoteWord } from '../quote.ts';
import type { Shell } from '../shell.ts';
import type { Options } from '../state.ts';
import { failure, invalidOption, letters, numberArgument, output, usage } from './builtin.ts';

const BY_LETTER = new Map<string, keyof Options>([
  ['a', 'allexport'],
  ['e', 'errexit'],
  ['f', 'noglob'],
  ['m', 'monitor'],
  ['n', 'noexec'],
  ['u', 'nounset'],
  ['v', 'verbose'],
  ['x', 'xtrace'],
  ['C', 'noclobber'],
]);
/** Letters that change nothing here: hashing, brace expansion, history expansion, and the like. */
const WITHOUT_EFFECT = new Set('bhkptBEHPT');
const NAMES_WITHOUT_EFFECT = new Set([
  'braceexpand',
  'emacs',
  'hashall',
  'histexpand',
  'history',
  'interactive-comments',
]);
const SET_USAGE = '[-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]';

export function* set(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  if (args.length === 0) {
    const names = [...state.variables.keys()].sort();
    const text = names.map((name) => `${name}=${quoteWord(state.variables.get(name) ?? '')}\n`).join('');
    return yield* output(shell, 'set', text);
  }
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (word === '--') {
      state.args = args.slice(at + 1);
      return 0;
    }
    if (!/^[-+]./.test(word)) {
      state.args = args.slice(word === '-' ? at + 1 : at);
      return 0;
    }
    const on = word.startsWith('-');
    for (const letter of word.slice(1)) {
      const option = BY_LETTER.get(letter);
      if (option !== undefined) state.options[option] = on;
      else if (letter === 'o') {
        const name = args[++at];
        const status = yield* setByName(shell, name, on);
        if (status !== 0) return status;
      } else if (!WITHOUT_EFFECT.has(letter))
        return yield* invalidOption(shell, 'set', `${word[0]}${letter}`, SET_USAGE);
    }
  }
  return 0;
}

function* setByName(shell: Shell, name: string | undefined, on: boolean): Body<number> {
  const { options } = shell.state;
  if (name === undefined) {
    const all = [...new Set([...Object.keys(options), ...NAMES_WITHOUT_EFFECT])].sort();
    const text = all.map((one) => {
      const value = one in options ? options[one as keyof Options] : true;
      return `${one.padEnd(15)}\t${value ? 'on' : 'off'}\n`;
    });
    return yield* output(shell, 'set', text.join(''));
  }
  if (name in options) options[name as keyof Options] = on;
  else if (!NAMES_WITHOUT_EFFECT.has(name)) {
    return yield* failure(shell, `set: ${name}: invalid option name`, 2);
  }
  return 0;
}

const SHOPTS = [
  ...['autocd', 'cdspell', 'checkjobs', 'checkwinsize', 'cmdhist', 'dotglob', 'expand_aliases', 'extglob'],
  ...['failglob', 'globstar', 'histappend', 'huponexit', 'lastpipe', 'login_shell', 'nocaseglob', 'nullglob'],
  ...['progcomp', 'promptvars', 'shift_verbose', 'sourcepath'],
];

export function* shopt(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 'supqo');
  if (bad !== null) return yield* invalidOption(shell, 'shopt', bad, '[-pqsu] [-o] [optname ...]');
  const { state } = shell;
  let status = 0;
  for (const name of operands) {
    if (!SHOPTS.includes(name)) status = yield* failure(shell, `shopt: ${name}: invalid shell option name`);
    else if (flags.has('s')) state.shopt.add(name);
    else if (flags.has('u')) state.shopt.delete(name);
    else {
      if (!state.shopt.has(name)) status = 1;
      if (!flags.has('q')) yield* output(shell, 'shopt', shoptLine(shell, name));
    }
  }
  if (operands.length === 0) {
    yield* output(shell, 'shopt', SHOPTS.map((name) => shoptLine(shell, name)).join(''));
  }
  return status;
}

const shoptLine = ({ state }: Shell, name: string): string =>
  `${name.padEnd(20)}\t${state.shopt.has(name) ? 'on' : 'off'}\n`;

export function* shift(shell: Shell, args: readonly string[]): Body<number> {
  const count = yield* numberArgument(shell, 'shift', args[0], 1);
  if (count === null) return 1;
  if (count < 0) return yield* failure(shell, `shift: ${count}: shift count out of range`);
  if (count > shell.state.args.length) return 1;
  shell.state.args = shell.state.args.slice(count);
  return 0;
}

export function* getopts(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  const [wanted, name, ...given] = args;
  if (wanted === undefined || name === undefined) return yield* usage('getopts', 'optstring name [arg ...]');
  const words = given.length > 0 ? given : state.args;
  const silent = wanted.startsWith(':');
  let index = Number(state.variables.get('OPTIND') ?? '1');
  if (state.optionAt === 1 && index < 1) index = 1;
  const word = words[index - 1];
  const finish = (): number => {
    shell.assign(name, '?');
    state.optionAt = 1;
    return 1;
  };
  if (word === undefined || !/^-./.test(word)) return finish();
  if (word === '--') {
    shell.assign('OPTIND', String(index + 1));
    return finish();
  }
  const letter = word[state.optionAt] ?? '';
  const known = letter !== ':' && wanted.includes(letter);
  const takes = known && wanted[wanted.indexOf(letter) + 1] === ':';
  const rest = word.slice(state.optionAt + 1);
  const next = (by: number): void => {
    shell.assign('OPTIND', String(index + by));
    state.optionAt = 1;
  };
  state.variables.delete('OPTARG');
  if (!takes) {
    if (rest === '') next(1);
    else state.optionAt++;
    if (known) {
      shell.assign(name, letter);
      return 0;
    }
    shell.assign(name, '?');
    if (silent) shell.assign('OPTARG', letter);
    else yield* shell.complainAs(state.name, `illegal option -- ${letter}`);
    return 0;
  }
  if (rest !== '') {
    shell.assign('OPTARG', rest);
    next(1);
  } else if (index < words.length) {
    shell.assign('OPTARG', words[index]);
    next(2);
  } else {
    next(1);
    shell.assign(name, silent ? ':' : '?');
    if (silent) shell.assign('OPTARG', letter);
    else yield* shell.complainAs(state.name, `option requires an argument -- ${letter}`);
    return 0;
  }
  shell.assign(name, letter);
  return 0;
}

export function* letCommand(shell: Shell, args: readonly string[]): Body<number> {
  if (args.length === 0) return yield* failure(shell, 'let: expression expected');
  let value = 0;
  for (const word of args) {
    const parsed = shell.host.parse(`((${word}))`);
    const command = parsed.ok ? parsed.script.statements[0]?.pipelines[0]?.commands[0] : undefined;
    if (command?.type !== 'ArithmeticCommand') {
      return yield* failure(shell, `let: ${word}: syntax error in expression (error token is "${word}")`);
    }
    value = evaluate(command.expression.expression, arithmeticContext(shell));
  }
  return value === 0 ? 1 : 0;
}

export function* umask(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 'pS');
  if (bad !== null) return yield* invalidOption(shell, 'umask', bad, '[-p] [-S] [mode]');
  const [mode] = operands;
  const { state } = shell;
  if (mode === undefined) {
    const text = flags.has('S') ? symbolic(state.umask) : state.umask.toString(8).padStart(4, '0');
    return yield* output(shell, 'umask', `${flags.has('p') ? 'umask ' : ''}${text}\n`);
  }
  if (!/^[0-7]{1,4}$/.test(mode)) return yield* failure(shell, `umask: ${mode}: octal number out of range`);
  state.umask = parseInt(mode, 8) & 0o777;
  return 0;
}

function symbolic(mask: number): string {
  const bits = (shift: number): string => {
    const allowed = ~(mask >> shift) & 7;
    return `${allowed & 4 ? 'r' : ''}${allowed & 2 ? 'w' : ''}${allowed & 1 ? 'x' : ''}`;
  };
  return `u=${bits(6)},g=${bits(3)},o=${bits(0)}`;
}

/** Limits as init of the guest sets them: none that the model enforces. */
const LIMITS: readonly (readonly [letter: string, text: string, value: string])[] = [
  ['c', 'core file size              (blocks, -c) ', '0'],
  ['d', 'data seg size               (kbytes, -d) ', 'unlimited'],
  ['f', 'file size                   (blocks, -f) ', 'unlimited'],
  ['l', 'max locked memory           (kbytes, -l) ', '8192'],
  ['m', 'max memory size             (kbytes, -m) ', 'unlimited'],
  ['n', 'open files                          (-n) ', '1024'],
  ['p', 'pipe size                (512 bytes, -p) ', '8'],
  ['s', 'stack size                  (kbytes, -s) ', '8192'],
  ['t', 'cpu time                   (seconds, -t) ', 'unlimited'],
  ['u', 'max user processes                  (-u) ', '3838'],
  ['v', 'virtual memory              (kbytes, -v) ', 'unlimited'],
];

export function* ulimit(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 'HSacdflmnpstuv');
  if (bad !== null) return yield* invalidOption(shell, 'ulimit', bad, '[-SHabcdefiklmnpqrstuvxPRT] [limit]');
  if (flags.has('a'))
    return yield* output(shell, 'ulimit', LIMITS.map(([, text, value]) => `${text}${value}\n`).join(''));
  const letter = [...flags.keys()].find((flag) => flag !== 'H' && flag !== 'S') ?? 'f';
  const limit = LIMITS.find(([one]) => one === letter);
  const [value] = operands;
  if (value === undefined) return yield* output(shell, 'ulimit', `${limit?.[2] ?? 'unlimited'}\n`);
  if (!/^(?:\d+|unlimited|hard|soft)$/.test(value))
    return yield* failure(shell, `ulimit: ${value}: invalid number`);
  return yield* failure(shell, `ulimit: the modelled kernel enforces no limits: -${letter} stays as it is`);
}

export const times = (shell: Shell): Body<number> =>
  output(shell, 'times', '0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n');

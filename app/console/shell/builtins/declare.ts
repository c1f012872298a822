import type { Body } from '../../../sim/call.ts';
import { evaluate } from '../arithmetic.ts';
import { arithmeticContext } from '../expand.ts';
import { quote } from '../quote.ts';
import type { Shell } from '../shell.ts';
import { assignArray, assignElement } from '../arrays.ts';
import { arrayOf, makeLocal, setArray, unsetVariable, valueOf } from '../variables.ts';
import { failure, invalidOption, isName, letters, output } from './builtin.ts';

const DECLARATIONS = new Set(['declare', 'export', 'local', 'readonly', 'typeset']);

/** Does the command take assignments as arguments? */
export const isDeclaration = (word: string | undefined): boolean =>
  word !== undefined && DECLARATIONS.has(word);

/** `export`, `local`, `readonly`, `declare`: attributes and values of variables. */
export const declaration = (name: 'declare' | 'export' | 'local' | 'readonly' | 'typeset') =>
  function* (shell: Shell, args: readonly string[]): Body<number> {
    const { state } = shell;
    if (name === 'local' && state.calls.length === 0) {
      return yield* failure(shell, 'local: can only be used in a function');
    }
    const { flags, operands, bad } = letters(
      args.filter((word) => !word.startsWith('+')),
      'aAfFgilnprtux',
    );
    if (bad !== null) return yield* invalidOption(shell, name, bad, '[-aAfFgiIlnrtux] [name[=value] ...]');
    if (flags.has('f') || flags.has('F')) {
      if (name === 'export') return 0;
      return yield* listFunctions(shell, operands, flags.has('F'));
    }
    const exported = name === 'export' || flags.has('x');
    const constant = name === 'readonly' || flags.has('r');
    if (operands.length === 0) return yield* list(shell, name, exported, constant);
    if (flags.has('p') && name !== 'local') return yield* show(shell, name, operands);
    let status = 0;
    for (const word of joinArrays(operands)) {
      const match = /^([^=+]*?)(\+?)(?:=([^]*))?$/.exec(word);
      const target = match?.[1] ?? word;
      const value = match?.[3];
      if (match === null || !/^[A-Za-z_]\w*(?:\[[^]*\])?$/.test(target)) {
        status = yield* failure(shell, `${name}: \`${word}': not a valid identifier`);
        continue;
      }
      if (name === 'export' && flags.has('n')) {
        state.exported.delete(target);
        continue;
      }
      const plain = target.replace(/\[.*$/, '');
      if ((name === 'local' || name === 'declare' || name === 'typeset') && !flags.has('g'))
        makeLocal(state, plain);
      yield* declareOne(shell, target, value, match[2] === '+', flags);
      if (exported) state.exported.add(plain);
      if (constant) state.readonlys.add(plain);
    }
    return status;
  };

function* declareOne(
  shell: Shell,
  target: string,
  value: string | undefined,
  append: boolean,
  flags: ReadonlyMap<string, string>,
): Body<void> {
  const { state } = shell;
  const keyed = flags.has('A');
  if ((keyed || flags.has('a')) && !state.arrays.has(target)) {
    setArray(state, target, keyed, arrayOf(state, target)?.values ?? []);
  }
  if (value === undefined) return;
  if (value.startsWith('(') && value.endsWith(')')) {
    const parsed = shell.host.parse(`${target}=${value}`);
    const command = parsed.ok ? parsed.script.statements[0]?.pipelines[0]?.commands[0] : undefined;
    const words = command?.type === 'SimpleCommand' ? command.assignments[0]?.array : undefined;
    if (words !== undefined && words !== null) {
      yield* assignArray(shell, target, words, append);
      return;
    }
  }
  let text = value;
  if (flags.has('i')) text = String(integer(shell, value));
  if (flags.has('u')) text = text.toUpperCase();
  if (flags.has('l')) text = text.toLowerCase();
  if (target.includes('[')) yield* assignElement(shell, target, text, append);
  else shell.assign(target, append ? (valueOf(state, target) ?? '') + text : text);
}

function integer(shell: Shell, text: string): number {
  const parsed = shell.host.parse(`((${text}))`);
  const command = parsed.ok ? parsed.script.statements[0]?.pipelines[0]?.commands[0] : undefined;
  return command?.type === 'ArithmeticCommand'
    ? evaluate(command.expression.expression, arithmeticContext(shell))
    : 0;
}

/** `a=(x y z)` comes as several words where it is an argument. */
function joinArrays(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let at = 0; at < words.length; at++) {
    let word = words[at];
    if (/^[A-Za-z_]\w*\+?=\(/.test(word)) {
      while (!word.endsWith(')') && at + 1 < words.length) word += ` ${words[++at]}`;
    }
    joined.push(word);
  }
  return joined;
}

function describe(shell: Shell, name: string): string {
  const { state } = shell;
  const array = state.arrays.get(name);
  const attributes = [
    array === undefined ? '' : array.keyed ? 'A' : 'a',
    state.readonlys.has(name) ? 'r' : '',
    state.exported.has(name) ? 'x' : '',
  ].join('');
  const flags = attributes === '' ? '--' : `-${attributes}`;
  if (array !== undefined) {
    const items = [...array.values].map(([key, value]) => `[${key}]=${doubleQuoted(value)}`);
    return `declare ${flags} ${name}=(${items.join(' ')}${array.keyed && items.length > 0 ? ' ' : ''})\n`;
  }
  const value = state.variables.get(name);
  return `declare ${flags} ${name}${value === undefined ? '' : `=${doubleQuoted(value)}`}\n`;
}

const doubleQuoted = (value: string): string =>
  // eslint-disable-next-line no-control-regex -- control characters need $'…'
  /[\x00-\x1f]/.test(value) ? quote(value) : `"${value.replace(/["\\$`]/g, (c) => `\\${c}`)}"`;

function* list(shell: Shell, name: string, exported: boolean, constant: boolean): Body<number> {
  const { state } = shell;
  const names = [...new Set([...state.variables.keys(), ...state.arrays.keys(), ...state.exported])].sort();
  const wanted = names.filter(
    (one) => (!exported || state.exported.has(one)) && (!constant || state.readonlys.has(one)),
  );
  return yield* output(shell, name, wanted.map((one) => describe(shell, one)).join(''));
}

function* show(shell: Shell, name: string, names: readonly string[]): Body<number> {
  const { state } = shell;
  let status = 0;
  for (const one of names) {
    if (state.variables.has(one) || state.arrays.has(one)) yield* output(shell, name, describe(shell, one));
    else status = yield* failure(shell, `${name}: ${one}: not found`);
  }
  return status;
}

/** `declare -f` shows how functions are defined, `declare -F` their names. */
function* listFunctions(shell: Shell, names: readonly string[], namesOnly: boolean): Body<number> {
  const { functions } = shell.state;
  const all = names.length === 0 ? [...functions.keys()].sort() : names;
  const text = all
    .filter((one) => functions.has(one))
    .map((one) => {
      if (!namesOnly) return sourceOf(shell, one);
      return names.length > 0 ? one : `declare -f ${one}`;
    });
  yield* output(shell, 'declare', text.map((line) => `${line}\n`).join(''));
  return text.length === all.length ? 0 : 1;
}

export const sourceOf = (shell: Shell, name: string): string =>
  shell.state.functions.get(name)?.sourceText ?? name;

export function* unset(shell: Shell, args: readonly string[]): Body<number> {
  const { state } = shell;
  const { flags, operands, bad } = letters(args, 'fnv');
  if (bad !== null) return yield* invalidOption(shell, 'unset', bad, '[-f] [-v] [-n] [name ...]');
  let status = 0;
  for (const word of operands) {
    const element = /^([A-Za-z_]\w*)\[([^]*)\]$/.exec(word);
    const name = element?.[1] ?? word;
    if (!isName(name)) status = yield* failure(shell, `unset: \`${word}': not a valid identifier`);
    else if (state.readonlys.has(name)) {
      status = yield* failure(shell, `unset: ${name}: cannot unset: readonly variable`);
    } else if (element !== null) {
      const array = arrayOf(state, name);
      if (array !== undefined) {
        setArray(
          state,
          name,
          array.keyed,
          [...array.values].filter(([key]) => key !== element[2]),
        );
      }
    } else if (flags.has('f')) state.functions.delete(name);
    else if (state.variables.has(name) || state.arrays.has(name) || state.exported.has(name))
      unsetVariable(state, name);
    else if (!flags.has('v')) state.functions.delete(name);
  }
  return status;
}

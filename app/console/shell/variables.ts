import type { Body } from '../../sim/call.ts';
import { evaluate } from './arithmetic.ts';
import type { WordNode } from './ast.ts';
import { arithmeticContext, expandString, expandWord, ExpansionError, type ExpansionHost } from './expand.ts';
import type { Locals, ShellArray, ShellState } from './state.ts';

/** The value of a variable; of an array its element 0. Undefined if it is not set. */
export function valueOf(state: ShellState, name: string): string | undefined {
  const value = state.variables.get(name);
  return value ?? (state.arrays.size === 0 ? undefined : state.arrays.get(name)?.values.get('0'));
}

export function assignVariable(state: ShellState, name: string, value: string): void {
  const element = name.includes('[') ? reference(name) : null;
  if (element !== null) {
    const array = arrayOf(state, element.name);
    const values = [...(array?.values ?? []), [element.subscript, value] as const];
    setArray(state, element.name, array?.keyed ?? false, values);
    return;
  }
  if (state.readonlys.has(name)) throw new ExpansionError(`${name}: readonly variable`);
  const array = state.arrays.get(name);
  if (array !== undefined) setArray(state, name, array.keyed, [...array.values, ['0', value]]);
  else state.variables.set(name, value);
  if (state.options.allexport) state.exported.add(name);
}

export function unsetVariable(state: ShellState, name: string): void {
  state.variables.delete(name);
  state.arrays.delete(name);
  state.exported.delete(name);
}

/** Sets an array; indices come in ascending order. */
export function setArray(
  state: ShellState,
  name: string,
  keyed: boolean,
  entries: Iterable<readonly [string, string]>,
): void {
  if (state.readonlys.has(name)) throw new ExpansionError(`${name}: readonly variable`);
  const values = new Map(entries);
  state.variables.delete(name);
  state.arrays.set(name, {
    keyed,
    values: keyed ? values : new Map([...values].sort(([a], [b]) => Number(a) - Number(b))),
  });
}

/** The array of a name; a plain variable is one with one element. */
export function arrayOf(state: ShellState, name: string): ShellArray | undefined {
  const array = state.arrays.get(name);
  if (array !== undefined) return array;
  if (name === 'PIPESTATUS') return listArray(state.pipeStatus.map(String));
  if (name === 'DIRSTACK') return listArray(state.directories);
  const value = state.variables.get(name);
  return value === undefined ? undefined : { keyed: false, values: new Map([['0', value]]) };
}

const listArray = (values: readonly string[]): ShellArray => ({
  keyed: false,
  values: new Map(values.map((value, i) => [String(i), value])),
});

/** `a[i]` in its parts; null for a plain name. */
export function reference(name: string): { readonly name: string; readonly subscript: string } | null {
  const match = /^([A-Za-z_]\w*)\[([^]*)\]$/.exec(name);
  return match === null ? null : { name: match[1], subscript: match[2] };
}

/** What a subscript stands for: a number, or the key of an associative array. */
export function* subscriptKey(host: ExpansionHost, name: string, subscript: string): Body<string> {
  const { state } = host;
  if (state.arrays.get(name)?.keyed === true) {
    const quoted = /^(["']).*\1$/s.test(subscript) ? subscript : `"${subscript}"`;
    const parsed = host.parse(`: ${quoted}`);
    const command = parsed.ok ? parsed.script.statements[0]?.pipelines[0]?.commands[0] : undefined;
    if (command?.type !== 'SimpleCommand')
      throw new ExpansionError(`${name}[${subscript}]: bad array subscript`);
    return yield* expandString(host, command.args[0]);
  }
  if (/^\d+$/.test(subscript)) return String(Number(subscript));
  const parsed = host.parse(`((${subscript}))`);
  const command = parsed.ok ? parsed.script.statements[0]?.pipelines[0]?.commands[0] : undefined;
  if (command?.type !== 'ArithmeticCommand') {
    throw new ExpansionError(`${name}[${subscript}]: bad array subscript`);
  }
  const index = evaluate(command.expression.expression, arithmeticContext(host));
  if (index >= 0) return String(index);
  const last = Math.max(-1, ...[...(arrayOf(state, name)?.values.keys() ?? [])].map(Number));
  if (last + 1 + index < 0) throw new ExpansionError(`${name}[${subscript}]: bad array subscript`);
  return String(last + 1 + index);
}

/** `a[i]=value` */
export function* assignElement(
  host: ExpansionHost,
  target: string,
  value: string,
  append = false,
): Body<void> {
  const parts = reference(target);
  if (parts === null) throw new ExpansionError(`${target}: not a valid identifier`);
  const key = yield* subscriptKey(host, parts.name, parts.subscript);
  const array = arrayOf(host.state, parts.name);
  const before = append ? (array?.values.get(key) ?? '') : '';
  setArray(host.state, parts.name, array?.keyed ?? false, [...(array?.values ?? []), [key, before + value]]);
}

/** `a=(x [3]=y …)`, `a+=(…)` */
export function* assignArray(
  host: ExpansionHost,
  name: string,
  words: readonly WordNode[],
  append: boolean,
): Body<void> {
  const { state } = host;
  const before = arrayOf(state, name);
  const keyed = state.arrays.get(name)?.keyed ?? false;
  const values = new Map(append ? before?.values : []);
  let next = keyed ? 0 : 1 + Math.max(-1, ...[...values.keys()].map(Number));
  for (const word of words) {
    const element = elementOf(yield* keyText(host, word));
    if (element !== null) {
      const key = yield* subscriptKey(host, name, element.subscript);
      values.set(key, element.value);
      if (!keyed) next = Number(key) + 1;
    } else for (const value of yield* expandWord(host, word)) values.set(String(next++), value);
  }
  setArray(state, name, keyed, values);
}

/** The text of a word that may be `[key]=value`; '' for others, which are left alone. */
function* keyText(host: ExpansionHost, word: WordNode): Body<string> {
  const [first] = word.parts;
  const bracket =
    (first?.type === 'Glob' && first.pattern.startsWith('[')) ||
    (first?.type === 'Literal' && first.value.startsWith('['));
  return bracket ? yield* expandString(host, word) : '';
}

function elementOf(text: string): { subscript: string; value: string } | null {
  const match = /^\[([^\]]*)\]=([^]*)$/.exec(text);
  return match === null ? null : { subscript: match[1], value: match[2] };
}

/** Makes a variable local to the function that runs. */
export function makeLocal(state: ShellState, name: string): void {
  const locals = state.calls[state.calls.length - 1];
  if (locals === undefined || locals.has(name)) return;
  locals.set(name, { value: state.variables.get(name), array: state.arrays.get(name) });
  state.variables.delete(name);
  state.arrays.delete(name);
}

export const NO_LOCALS: Locals = new Map();

/** A function returns: what its local variables hid is there again. */
export function putBack(state: ShellState, locals: Locals): void {
  for (const [name, { value, array }] of locals) {
    state.variables.delete(name);
    state.arrays.delete(name);
    if (value !== undefined) state.variables.set(name, value);
    if (array !== undefined) state.arrays.set(name, array);
  }
}

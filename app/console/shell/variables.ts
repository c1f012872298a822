import { ExpansionError } from './errors.ts';
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

import type { Body } from '../../sim/call.ts';
import { evaluate } from './arithmetic.ts';
import type { WordNode } from './ast.ts';
import { ExpansionError } from './errors.ts';
import { arithmeticContext, expandString, expandWord, type ExpansionHost } from './expand.ts';
import { arrayOf, reference, setArray } from './variables.ts';

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

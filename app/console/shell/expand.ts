import { machineInForce } from '../../sim/machine-in-force.ts';
import type { Body } from '../../sim/call.ts';
import { evaluate, type ArithmeticContext } from './arithmetic.ts';
import type { BraceExpansionPart, ParameterExpansionPart, ScriptNode, WordNode, WordPart } from './ast.ts';
import { glob } from './glob.ts';
import { escapePattern, isPattern, patternSource, patternToRegExp, unescapePattern } from './pattern.ts';
import type { ShellState } from './state.ts';

/** What expansions need of the shell around them. */
export interface ExpansionHost {
  readonly state: ShellState;
  /** Runs a script in a subshell and gives what it printed, without newlines at the end. */
  substitute(script: ScriptNode): Body<string>;
  /** Sets a variable. */
  assign(name: string, value: string): void;
}

/** An expansion that ends the command: `${x:?message}`, an unset variable under `set -u`. */
export class ExpansionError extends Error {}

/** A stretch of an expanded word. */
interface Piece {
  readonly text: string;
  /** How the text takes part in patterns and splitting: `quoted` in neither, `pattern` in patterns only. */
  readonly as: 'quoted' | 'pattern' | 'split';
  /** A new field begins before this piece, whatever the text: between the fields of "$@". */
  readonly begins?: boolean;
}

/** A word as a list of fields: braces, parameters, substitutions, splitting, path names, quotes. */
export function* expandWord(host: ExpansionHost, word: WordNode): Body<string[]> {
  const fields: string[] = [];
  for (const parts of expandBraces(word.parts)) {
    const pieces = yield* expandParts(host, parts, false);
    for (const field of splitFields(pieces, host.state.variables.get('IFS') ?? ' \t\n')) {
      const matches = isPattern(field) && !host.state.noglob ? yield* glob(field) : [];
      if (matches.length > 0) fields.push(...matches);
      else fields.push(unescapePattern(field));
    }
  }
  return fields;
}

export function* expandWords(host: ExpansionHost, words: readonly WordNode[]): Body<string[]> {
  const fields: string[] = [];
  for (const word of words) fields.push(...(yield* expandWord(host, word)));
  return fields;
}

/** A word as one string: no splitting and no path names, as in assignments. */
export function* expandString(host: ExpansionHost, word: WordNode): Body<string> {
  const pieces = yield* expandParts(host, word.parts, false);
  return pieces.map((piece, i) => (piece.begins === true && i > 0 ? ` ${piece.text}` : piece.text)).join('');
}

/** A word as a pattern, in which quoted characters stand for themselves. */
export function* expandPattern(host: ExpansionHost, word: WordNode): Body<string> {
  const pieces = yield* expandParts(host, word.parts, false);
  return pieces.map(({ text, as }) => (as === 'quoted' ? escapePattern(text) : text)).join('');
}

export function arithmeticContext(host: ExpansionHost): ArithmeticContext {
  return {
    get: (name) => lookUp(host, name) ?? '',
    set: (name, value) => {
      host.assign(name, value);
    },
  };
}

function* expandParts(host: ExpansionHost, parts: readonly WordPart[], quoted: boolean): Body<Piece[]> {
  const pieces: Piece[] = [];
  for (const part of parts) pieces.push(...(yield* expandPart(host, part, quoted)));
  return pieces;
}

function* expandPart(host: ExpansionHost, part: WordPart, quoted: boolean): Body<Piece[]> {
  const as = quoted ? 'quoted' : 'split';
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'Escaped':
      return [{ text: part.value, as: 'quoted' }];
    case 'Glob':
      return [{ text: part.pattern, as: quoted ? 'quoted' : 'pattern' }];
    case 'TildeExpansion':
      return [{ text: part.user === null ? homeOf(host) : `/home/${part.user}`, as: 'quoted' }];
    case 'DoubleQuoted': {
      const inner = yield* expandParts(host, part.parts, true);
      const onlyArgs = part.parts.length === 1 && isAllArgs(part.parts[0]);
      return inner.length > 0 || onlyArgs ? inner : [{ text: '', as: 'quoted' }];
    }
    case 'ParameterExpansion':
      return yield* expandParameter(host, part, quoted);
    case 'CommandSubstitution':
      return [{ text: yield* host.substitute(part.body), as }];
    case 'ArithmeticExpansion':
      return [{ text: String(evaluate(part.expression.expression, arithmeticContext(host))), as }];
    default:
      throw new ExpansionError(`${part.type} is not supported`);
  }
}

const isAllArgs = (part: WordPart): boolean =>
  part.type === 'ParameterExpansion' && part.parameter === '@' && part.operation === null;

const homeOf = (host: ExpansionHost): string => host.state.variables.get('HOME') ?? '/root';

function* expandParameter(host: ExpansionHost, part: ParameterExpansionPart, quoted: boolean): Body<Piece[]> {
  const { parameter: name, operation } = part;
  const as = quoted ? 'quoted' : 'split';
  if ((name === '@' || name === '*') && operation === null) {
    const { args, variables } = host.state;
    if (quoted && name === '*') {
      return [{ text: args.join((variables.get('IFS') ?? ' ').slice(0, 1)), as: 'quoted' }];
    }
    return args.map((text, i) => ({ text, as, begins: i > 0 }));
  }
  const value = lookUp(host, name);
  const unset = value === undefined;
  if (operation === null || operation.type === 'Length') {
    if (unset && host.state.nounset) throw new ExpansionError(`${name}: unbound variable`);
    const text = value ?? '';
    return [{ text: operation === null ? text : String(text.length), as }];
  }
  switch (operation.type) {
    case 'DefaultValue':
      if (!unset && !(operation.checkEmpty && value === '')) return [{ text: value, as }];
      return yield* expandParts(host, operation.word.parts, quoted);
    case 'UseAlternative':
      if (unset || (operation.checkEmpty && value === '')) return [{ text: '', as }];
      return yield* expandParts(host, operation.word.parts, quoted);
    case 'AssignDefault': {
      if (!unset && !(operation.checkEmpty && value === '')) return [{ text: value, as }];
      const text = yield* expandString(host, operation.word);
      host.assign(name, text);
      return [{ text, as }];
    }
    case 'ErrorIfUnset': {
      if (!unset && !(operation.checkEmpty && value === '')) return [{ text: value, as }];
      const why = operation.word === null ? '' : yield* expandString(host, operation.word);
      throw new ExpansionError(`${name}: ${why === '' ? 'parameter null or not set' : why}`);
    }
    case 'PatternRemoval': {
      const pattern = yield* expandPattern(host, operation.pattern);
      return [{ text: removePattern(value ?? '', pattern, operation.side, operation.greedy), as }];
    }
    case 'PatternReplacement': {
      const pattern = patternSource(yield* expandPattern(host, operation.pattern));
      const by = operation.replacement === null ? '' : yield* expandString(host, operation.replacement);
      const start = operation.anchor === 'start' ? '^' : '';
      const end = operation.anchor === 'end' ? '$' : '';
      const search = new RegExp(`${start}(?:${pattern})${end}`, operation.all ? 'sug' : 'su');
      return [{ text: (value ?? '').replace(search, () => by), as }];
    }
    case 'Substring': {
      const context = arithmeticContext(host);
      const text = value ?? '';
      const at = evaluate(operation.offset.expression, context);
      const from = at < 0 ? Math.max(0, text.length + at) : at;
      if (operation.length === null) return [{ text: text.slice(from), as }];
      const length = evaluate(operation.length.expression, context);
      return [{ text: text.slice(from, length < 0 ? text.length + length : from + length), as }];
    }
    case 'CaseModification': {
      const text = value ?? '';
      const change = (part: string): string =>
        operation.direction === 'upper' ? part.toUpperCase() : part.toLowerCase();
      return [{ text: operation.all ? change(text) : change(text.slice(0, 1)) + text.slice(1), as }];
    }
    default:
      throw new ExpansionError(`${operation.type} is not supported`);
  }
}

function removePattern(value: string, pattern: string, side: 'prefix' | 'suffix', greedy: boolean): string {
  const test = patternToRegExp(pattern);
  const lengths = Array.from({ length: value.length + 1 }, (_, i) => (greedy ? value.length - i : i));
  for (const length of lengths) {
    const part = side === 'prefix' ? value.slice(0, length) : value.slice(value.length - length);
    if (!test.test(part)) continue;
    return side === 'prefix' ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}

/** The value of a variable or special parameter; undefined if it is not set. */
function lookUp(host: ExpansionHost, name: string): string | undefined {
  const { state } = host;
  if (/^\d+$/.test(name)) return name === '0' ? state.name : state.args[Number(name) - 1];
  switch (name) {
    case '?':
      return String(state.status);
    case '$':
      return String(state.pid);
    case '!':
      return state.lastBackground === 0 ? undefined : String(state.lastBackground);
    case '#':
      return String(state.args.length);
    case '@':
    case '*':
      return state.args.join(' ');
    case '-':
      return (state.errexit ? 'e' : '') + (state.nounset ? 'u' : '') + (state.xtrace ? 'x' : '');
    case 'LINENO':
      return String(state.line);
    case 'SECONDS':
      return String(Math.floor(machineInForce().now / 1_000_000_000));
    case 'RANDOM':
      state.random = (Math.imul(state.random, 1103515245) + 12345) & 0x7fffffff;
      return String((state.random >>> 16) & 0x7fff);
    default:
      return state.variables.get(name);
  }
}

/** Cuts pieces into fields. The fields are still patterns: what was quoted is protected. */
function splitFields(pieces: readonly Piece[], separators: string): string[] {
  const fields: string[] = [];
  let field: string | null = null;
  const finish = (): void => {
    if (field !== null) fields.push(field);
    field = null;
  };
  for (const { text, as, begins } of pieces) {
    if (begins === true) {
      finish();
    }
    if (as !== 'split') {
      field = (field ?? '') + (as === 'quoted' ? escapePattern(text) : text);
      continue;
    }
    for (const character of text) {
      if (!separators.includes(character)) {
        field = (field ?? '') + (character === '\\' ? '\\\\' : character);
      } else if (/\s/.test(character)) finish();
      else {
        field ??= '';
        finish();
      }
    }
  }
  finish();
  return fields;
}

/** `a{b,c}d` -> `abd`, `acd`; `{1..3}` -> `1`, `2`, `3`. */
function expandBraces(parts: readonly WordPart[]): WordPart[][] {
  let words: WordPart[][] = [[]];
  for (const part of parts) {
    const alternatives = part.type === 'BraceExpansion' ? braceAlternatives(part) : [[part]];
    words = words.flatMap((word) => alternatives.map((alternative) => [...word, ...alternative]));
  }
  return words;
}

function braceAlternatives({ items }: BraceExpansionPart): WordPart[][] {
  return items.flatMap((item) => {
    if (item.type === 'Word') return expandBraces(item.word.parts);
    return range(item.start, item.end, item.step).map((value): WordPart[] => [{ type: 'Literal', value }]);
  });
}

function range(start: string | number, end: string | number, step = 1): string[] {
  const letters = typeof start === 'string';
  const from = typeof start === 'string' ? start.charCodeAt(0) : start;
  const to = typeof end === 'string' ? end.charCodeAt(0) : end;
  const by = Math.max(1, Math.abs(step));
  const values: string[] = [];
  const count = Math.floor(Math.abs(to - from) / by);
  for (let i = 0; i <= count; i++) {
    const value = from + (to < from ? -i : i) * by;
    values.push(letters ? String.fromCharCode(value) : String(value));
  }
  return values;
}

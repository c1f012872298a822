import type { Body } from '../../sim/call.ts';
import { evaluate, explain, type ArithmeticContext } from './arithmetic.ts';
import { expandBraces } from './braces.ts';
import type { ParameterExpansionPart, ScriptNode, WordNode, WordPart } from './ast.ts';
import { ExpansionError } from './errors.ts';
import { splitFields, type Piece } from './fields.ts';
import { glob } from './glob.ts';
import type { ParsedScript } from './issues.ts';
import { lookUp } from './parameters.ts';
import { expandPrompt } from './prompt.ts';
import { quote } from './quote.ts';
import { arrayOf, reference } from './variables.ts';
import { escapePattern, isPattern, patternSource, patternToRegExp, unescapePattern } from './pattern.ts';
import type { ShellState } from './state.ts';

/** What expansions need of the shell around them. */
export interface ExpansionHost {
  readonly state: ShellState;
  /** Parses a text: a pure function. */
  parse(source: string): ParsedScript;
  /** Runs a script in a subshell and gives what it printed, without newlines at the end. */
  substitute(script: ScriptNode): Body<string>;
  /** Process substitution: the path of a pipe to a script in a subshell. */
  substituteProcess(script: ScriptNode, direction: 'input' | 'output'): Body<string>;
  /** What a subscript of an array stands for. */
  subscriptKey(name: string, subscript: string): Body<string>;
  /** Sets a variable. */
  assign(name: string, value: string): void;
}

/** A word as a list of fields: braces, parameters, substitutions, splitting, path names, quotes. */
export function* expandWord(host: ExpansionHost, word: WordNode): Body<string[]> {
  const fields: string[] = [];
  for (const parts of expandBraces(word.parts)) {
    const pieces = yield* expandParts(host, parts, false);
    for (const field of splitFields(pieces, host.state.variables.get('IFS') ?? ' \t\n')) {
      const matches = isPattern(field) && !host.state.options.noglob ? yield* glob(field) : [];
      if (matches.length > 0) fields.push(...matches);
      else if (isPattern(field) && host.state.shopt.has('nullglob')) continue;
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
    get: (name) => {
      const value = lookUp(host.state, name);
      if (value === undefined && host.state.options.nounset) {
        throw new ExpansionError(`${name}: unbound variable`);
      }
      return value ?? '';
    },
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
      return [{ text: tilde(host, part.user), as: 'quoted' }];
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
      try {
        return [{ text: String(evaluate(part.expression.expression, arithmeticContext(host))), as }];
      } catch (error) {
        throw explain(error, part.expression.originalText);
      }
    case 'ProcessSubstitution':
      return [{ text: yield* host.substituteProcess(part.body, part.direction), as: 'quoted' }];
    default:
      throw new ExpansionError(`${part.type} is not supported`);
  }
}

const isAllArgs = (part: WordPart): boolean =>
  part.type === 'ParameterExpansion' && part.parameter === '@' && part.operation === null;

const homeOf = (host: ExpansionHost): string => host.state.variables.get('HOME') ?? '/root';

function tilde(host: ExpansionHost, user: string | null): string {
  const { variables } = host.state;
  if (user === null) return homeOf(host);
  if (user === '+') return variables.get('PWD') ?? '~+';
  if (user === '-') return variables.get('OLDPWD') ?? '~-';
  return user === 'root' ? '/root' : `/home/${user}`;
}

function* expandParameter(host: ExpansionHost, part: ParameterExpansionPart, quoted: boolean): Body<Piece[]> {
  const { parameter: name, operation } = part;
  const list = yield* listOf(host, name, operation);
  if (list !== null) return yield* expandList(host, list, operation, quoted);
  return yield* expandScalar(host, yield* scalarName(host, name), operation, quoted);
}

/** Several values: `$@`, `${a[*]}`, `${!a[@]}`, `${!prefix@}`. */
interface ValueList {
  readonly values: readonly string[];
  /** `*` rather than `@`. */
  readonly star: boolean;
}

function* listOf(
  host: ExpansionHost,
  name: string,
  operation: ParameterExpansionPart['operation'],
): Body<ValueList | null> {
  const { state } = host;
  if (operation?.type === 'ArrayKeys') {
    return { values: [...(arrayOf(state, operation.array)?.values.keys() ?? [])], star: operation.star };
  }
  if (operation?.type === 'VarNamePrefix') {
    const names = [...state.variables.keys(), ...state.arrays.keys()].sort();
    return { values: names.filter((one) => one.startsWith(operation.prefix)), star: operation.star };
  }
  if (name === '@' || name === '*') return { values: state.args, star: name === '*' };
  const parts = reference(name);
  if (parts === null || (parts.subscript !== '@' && parts.subscript !== '*')) return null;
  return { values: [...(arrayOf(state, parts.name)?.values.values() ?? [])], star: parts.subscript === '*' };
}

function* expandList(
  host: ExpansionHost,
  { values, star }: ValueList,
  operation: ParameterExpansionPart['operation'],
  quoted: boolean,
): Body<Piece[]> {
  const as = quoted ? 'quoted' : 'split';
  let shown = values;
  switch (operation?.type) {
    case undefined:
    case 'ArrayKeys':
    case 'VarNamePrefix':
      break;
    case 'Length':
      return [{ text: String(values.length), as }];
    case 'DefaultValue':
      if (values.length === 0) return yield* expandParts(host, operation.word.parts, quoted);
      break;
    case 'UseAlternative':
      return values.length === 0 ? [] : yield* expandParts(host, operation.word.parts, quoted);
    case 'Substring': {
      const context = arithmeticContext(host);
      const at = evaluate(operation.offset.expression, context);
      const from = at < 0 ? Math.max(0, values.length + at) : at;
      const length =
        operation.length === null ? values.length : evaluate(operation.length.expression, context);
      shown = values.slice(from, from + length);
      break;
    }
    default: {
      const changed: string[] = [];
      if (operation === null) break;
      for (const value of values) changed.push(yield* transform(host, value, operation));
      shown = changed;
    }
  }
  if (quoted && star) {
    return [{ text: shown.join((host.state.variables.get('IFS') ?? ' ').slice(0, 1)), as: 'quoted' }];
  }
  return shown.map((text, i) => ({ text, as, begins: i > 0 }));
}

/** `a[i]` with its subscript as the array has it; other names as they are. */
function* scalarName(host: ExpansionHost, name: string): Body<string> {
  const parts = reference(name);
  return parts === null ? name : `${parts.name}[${yield* host.subscriptKey(parts.name, parts.subscript)}]`;
}

function* expandScalar(
  host: ExpansionHost,
  name: string,
  operation: ParameterExpansionPart['operation'],
  quoted: boolean,
): Body<Piece[]> {
  const as = quoted ? 'quoted' : 'split';
  const value = lookUp(host.state, name);
  const unset = value === undefined;
  switch (operation?.type) {
    case undefined:
    case 'Length':
      if (unset && host.state.options.nounset) throw new ExpansionError(`${name}: unbound variable`);
      return [{ text: operation === null ? (value ?? '') : String(Array.from(value ?? '').length), as }];
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
    case 'Indirection': {
      const target = value ?? '';
      if (!/^(?:[A-Za-z_]\w*(?:\[[^]*\])?|\d+|[@*#?!$-])$/.test(target)) {
        throw new ExpansionError(`${name}: invalid indirect expansion`);
      }
      const inner = {
        type: 'ParameterExpansion' as const,
        parameter: target,
        operation: operation.innerOp ?? null,
      };
      return yield* expandParameter(host, inner, quoted);
    }
    case 'BadSubstitution':
      throw new ExpansionError(`\${${operation.text}}: bad substitution`);
    case 'LengthSliceError':
      throw new ExpansionError(`\${#${name}:…}: bad substitution`);
    default:
      if (operation === null) return [{ text: value ?? '', as }];
      return [{ text: yield* transform(host, value ?? '', operation, unset), as }];
  }
}

type Operation = NonNullable<ParameterExpansionPart['operation']>;

/** What an operation on a text makes of it. */
function* transform(host: ExpansionHost, value: string, operation: Operation, unset = false): Body<string> {
  switch (operation.type) {
    case 'PatternRemoval': {
      const pattern = yield* expandPattern(host, operation.pattern);
      return removePattern(value, pattern, operation.side, operation.greedy);
    }
    case 'PatternReplacement': {
      const pattern = patternSource(yield* expandPattern(host, operation.pattern));
      const by = operation.replacement === null ? '' : yield* expandString(host, operation.replacement);
      const start = operation.anchor === 'start' ? '^' : '';
      const end = operation.anchor === 'end' ? '$' : '';
      const search = new RegExp(`${start}(?:${pattern})${end}`, operation.all ? 'sug' : 'su');
      return value.replace(search, () => by);
    }
    case 'Substring': {
      const context = arithmeticContext(host);
      const at = evaluate(operation.offset.expression, context);
      const from = at < 0 ? Math.max(0, value.length + at) : at;
      if (operation.length === null) return value.slice(from);
      const length = evaluate(operation.length.expression, context);
      return value.slice(from, length < 0 ? value.length + length : from + length);
    }
    case 'CaseModification': {
      const change = (part: string): string =>
        operation.direction === 'upper' ? part.toUpperCase() : part.toLowerCase();
      return operation.all ? change(value) : change(value.slice(0, 1)) + value.slice(1);
    }
    case 'Transform':
      switch (operation.operator) {
        case 'Q':
          return unset ? '' : quote(value);
        case 'U':
          return value.toUpperCase();
        case 'u':
          return value.slice(0, 1).toUpperCase() + value.slice(1);
        case 'L':
          return value.toLowerCase();
        case 'P':
          return expandPrompt(host.state, value);
        default:
          throw new ExpansionError(`\${…@${operation.operator}}: not supported`);
      }
    default:
      throw new ExpansionError(`${operation.type}: not supported`);
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

import { CST, Lexer, LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { sortIssues, type Issue, type IssueCode, type Path } from './issues.ts';

/** What a document may be at most. Beyond it nobody writes by hand, and parsers get slow or break. */
export interface Limits {
  readonly bytes: number;
  readonly depth: number;
}

export const SCENARIO_LIMITS: Limits = { bytes: 1024 * 1024, depth: 32 };

const MOST_ALIASES = 100;

/** A YAML document that can say where in the file a value stands. */
export class YamlSource {
  constructor(
    readonly file: string,
    /** The document as plain data. */
    readonly value: unknown,
    private readonly document: Document | null,
    private readonly lines: LineCounter,
    private readonly text: string,
  ) {}

  /** An issue at the value at `path`, or at the key that names it. */
  issue(
    path: Path,
    code: IssueCode,
    message: string,
    fix: string | null = null,
    at: 'value' | 'key' = 'value',
  ): Issue {
    return { file: this.file, ...this.place(path, at), path, code, message, fix };
  }

  /** Line and column (from 1) of a value, or of its nearest ancestor that the file has. */
  place(path: Path, at: 'value' | 'key'): { readonly line: number; readonly column: number } {
    let node: unknown = this.document?.contents ?? null;
    let offset = offsetOf(node) ?? 0;
    path.forEach((step, depth) => {
      const { key, value } = childOf(this.resolved(node), step);
      const wanted = at === 'key' && depth === path.length - 1 ? key : value;
      offset = offsetOf(wanted) ?? offsetOf(value) ?? offsetOf(key) ?? offset;
      node = value;
    });
    return this.placeOf(offset);
  }

  placeOf(offset: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** Where a line (from 1) of the text at `path` stands; text in a block begins below its `|`. */
  placeInText(path: Path, line: number, column: number): { readonly line: number; readonly column: number } {
    const start = this.place(path, 'value');
    const node = this.document?.getIn(path, true);
    if (!isScalar(node) || (node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED')) return start;
    const target = start.line + line;
    const indent = /^ */.exec(this.text.split('\n')[target - 1] ?? '')?.[0].length ?? 0;
    return { line: target, column: indent + column };
  }

  private resolved(node: unknown): unknown {
    return isAlias(node) && this.document !== null ? node.resolve(this.document) : node;
  }
}

export type YamlResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Reads one YAML document. All issues are given at once; those of the limits come alone. */
export function readYaml(text: string, file: string, limits: Limits = SCENARIO_LIMITS): YamlResult {
  const lines = new LineCounter();
  const bare = new YamlSource(file, null, null, lines, text);
  const refuse = (code: IssueCode, message: string, fix: string, offset = 0): YamlResult => ({
    ok: false,
    issues: [{ ...bare.issue([], code, message, fix), ...bare.placeOf(offset) }],
  });

  if (text.length > limits.bytes) {
    return refuse('too-large', `the file has more than ${sizeText(limits.bytes)}`, 'is it the right file?');
  }
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const control = /[\u0000-\u0008\u000e-\u001f\ufffd]/.exec(text);
  if (control !== null) {
    lines.addNewLine(0);
    return refuse('not-text', 'the file is no UTF-8 text', 'is it the right file?', 0);
  }
  const deep = tooDeep(text, limits.depth);
  if (deep !== null) {
    addLines(lines, text);
    return refuse('too-deep', `nested deeper than ${limits.depth} levels`, 'make it flatter', deep);
  }

  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  if (document.errors.length > 0) {
    const issues = document.errors.map((error): Issue => {
      const { message, fix } = explain(error, text);
      return { ...bare.issue([], 'syntax', message, fix), ...bare.placeOf(error.pos[0]) };
    });
    return { ok: false, issues: sortIssues(issues) };
  }
  if (document.contents === null) {
    return refuse('empty', 'the file is empty', 'copy scenarios/skeleton.yaml to start with');
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return { ok: true, source: new YamlSource(file, value, document, lines, text) };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return refuse('aliases', 'too many aliases', 'write the values out', firstAlias(document));
  }
}

/** Where the text nests deeper than allowed, or null. Parsers recurse, so this is asked before parsing. */
function tooDeep(text: string, limit: number): number | null {
  let offset = 0;
  let flow = 0;
  let indicators = 0;
  let isText = false;
  for (const token of new Lexer().lex(text)) {
    // What follows the mark of a scalar is its text, whatever it begins with.
    const type = isText ? 'scalar' : CST.tokenType(token);
    isText = token === CST.SCALAR && !isText;
    if (type === 'flow-seq-start' || type === 'flow-map-start') flow++;
    else if (type === 'flow-seq-end' || type === 'flow-map-end') flow--;
    else if (type === 'newline' || type === 'scalar') indicators = 0;
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind') indicators++;
    else if (type === 'space' && flow === 0 && token.length > limit * 8) return offset;
    if (flow > limit || indicators > limit) return offset;
    // Marks of the lexer itself, such as the start of a document, are no text of the file.
    if (!isMark(token)) offset += token.length;
  }
  return null;
}

/** Control characters by which the lexer marks the start of documents, flow ends and scalars. */
function isMark(token: string): boolean {
  return token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.SCALAR;
}

function addLines(lines: LineCounter, text: string): void {
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
}

interface SyntaxProblem {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

function explain(
  error: SyntaxProblem,
  text: string,
): { readonly message: string; readonly fix: string | null } {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return { message: `the key "${wordAt(text, error.pos[0])}" is given twice`, fix: 'merge the two' };
    case 'TAB_AS_INDENT':
      return { message: 'a tab indents this line', fix: 'indent with blanks' };
    case 'MULTIPLE_DOCS':
      return { message: 'a second document begins here', fix: 'one file, one scenario: remove the `---`' };
    case 'BAD_INDENT':
      return { message: 'the indentation does not fit the lines above', fix: 'align it with its siblings' };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return { message: 'a key inside the value of another', fix: 'put text that contains `: ` in quotes' };
    case 'MULTILINE_IMPLICIT_KEY':
      return {
        message: 'a key that goes on over several lines',
        fix: 'indent the lines of one mapping alike',
      };
    default:
      return { message: `no valid YAML: ${error.message.replace(/\.?\s*$/, '')}`, fix: null };
  }
}

function wordAt(text: string, offset: number): string {
  return /^[^\s:]{1,60}/.exec(text.slice(offset))?.[0] ?? '';
}

function childOf(node: unknown, step: string | number): { readonly key: unknown; readonly value: unknown } {
  if (isMap(node)) {
    const pair = node.items.find((item) => isPair(item) && keyText(item.key) === String(step));
    return { key: pair?.key, value: pair?.value };
  }
  if (isSeq(node) && typeof step === 'number') return { key: undefined, value: node.items[step] };
  return { key: undefined, value: undefined };
}

function keyText(key: unknown): string | null {
  return isScalar(key) ? String(key.value) : null;
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null | undefined)?.range?.[0] ?? null;
}

function firstAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias: (_key, alias) => {
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function sizeText(bytes: number): string {
  return `${bytes / (1024 * 1024)} MiB`;
}

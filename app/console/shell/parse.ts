import { parse } from 'just-bash';
import type { ScriptNode, SimpleCommandNode, StatementNode } from './ast.ts';
import { noteFunctionSources } from './function-source.ts';
import { formatIssue, type ParsedScript, type ShellIssue } from './issues.ts';

/**
 * Parses a shell script and checks that the guest's shell can run all of it. Runs in the host, before the
 * machine: the tree that it gives is an input of the run.
 */
export function parseScript(source: string): ParsedScript {
  let script: ScriptNode;
  try {
    script = parse(source);
  } catch (error) {
    const issue = issueOf(error, source);
    return { ok: false, issues: [issue], ...(/unexpected (?:EOF|end of file)/.test(issue.message) && OPEN) };
  }
  const check = new SupportCheck(source);
  const issues = check.check(script);
  noteFunctionSources(script);
  if (issues.length === 0) return endsOpen(source) ? openEnd(source) : { ok: true, script };
  return { ok: false, issues, ...((check.open || endsOpen(source)) && OPEN) };
}

const OPEN = { incomplete: true } as const;

/** Does the text end where a command or the rest of a word has to follow: `|`, `&&`, a backslash? */
function endsOpen(source: string): boolean {
  return (
    /(?:^|[^\\])(?:\\\\)*\\\n?$/.test(source) || /(?:&&|\|\|?)\s*$/.test(source.replace(/(^|\s)#.*$/gm, ''))
  );
}

function openEnd(source: string): ParsedScript {
  const line = source.split('\n').length;
  // A backslash at the very end of a script stands for itself.
  if (/\\\n?$/.test(source)) {
    const script = parse(source);
    return source.endsWith('\n') ? { ok: true, script } : { ok: false, issues: [endOfFile(line)], ...OPEN };
  }
  return { ok: false, issues: [endOfFile(line)], ...OPEN };
}

const endOfFile = (line: number): ShellIssue => ({
  ...{ line, column: null, message: 'syntax error: unexpected end of file' },
});

/** A parse that is known to succeed: for scripts in the code and in tests. */
export function parseOrThrow(source: string): ScriptNode {
  const parsed = parseScript(source);
  if (parsed.ok) return parsed.script;
  throw new Error(parsed.issues.map(formatIssue).join('\n'));
}

function issueOf(error: unknown, source: string): ShellIssue {
  if (!(error instanceof Error)) return { line: 1, column: null, message: String(error) };
  const { line, column } = error as { line?: unknown; column?: unknown };
  const at = /^Parse error at (\d+):(\d+): /.exec(error.message);
  const place = {
    line: typeof line === 'number' && line > 0 ? line : Math.max(1, Number(at?.[1] ?? 1)),
    column: typeof column === 'number' && column > 0 ? column : at === null ? null : Number(at[2]),
  };
  const message = error.message.replace(/^Parse error at \d+:\d+: /, '').replace(/^line \d+: /, '');
  return { ...place, message: inBashsWords(message, place, source) };
}

/** What the parser says, as bash says it. */
function inBashsWords(
  message: string,
  { line, column }: { readonly line: number; readonly column: number | null },
  source: string,
): string {
  if (/^Expected .*, got EOF$/.test(message)) return 'syntax error: unexpected end of file';
  const position =
    source
      .split('\n')
      .slice(0, line - 1)
      .join('\n').length +
    (line > 1 ? 1 : 0) +
    (column ?? 1) -
    1;
  // An empty body at the end of the text: the parser names the word that would be wrong after it.
  if (/near unexpected token/.test(message) && source.slice(position).trim() === '') {
    return 'syntax error: unexpected end of file';
  }
  const unclosed = /^unexpected EOF while looking for matching [`'](.)'$/.exec(message);
  if (unclosed !== null) return `unexpected EOF while looking for matching \`${unclosed[1]}'`;
  const unsupported = /near unexpected token `(select|coproc)'$/.exec(message);
  if (unsupported !== null) return `${unsupported[1]}: not supported by this shell`;
  if (/^Expected /.test(message)) {
    const rest = (source.split('\n')[line - 1] ?? '').slice((column ?? 1) - 1);
    const token = /^\s*(&&|\|\||;;|<<|>>|[;&|()<>]|[^\s;&|()<>]+)/.exec(rest)?.[1] ?? 'newline';
    return `syntax error near unexpected token \`${token}'`;
  }
  return message;
}

/** Kinds of nodes that the interpreter knows. */
const SUPPORTED = new Set([
  ...['Script', 'Statement', 'Pipeline', 'SimpleCommand', 'Assignment', 'Redirection', 'HereDoc', 'Word'],
  ...['If', 'For', 'CStyleFor', 'While', 'Until', 'Case', 'CaseItem', 'Subshell', 'Group', 'FunctionDef'],
  ...['ArithmeticCommand', 'ConditionalCommand'],
  ...['Literal', 'SingleQuoted', 'DoubleQuoted', 'Escaped', 'ParameterExpansion', 'CommandSubstitution'],
  ...['ArithmeticExpansion', 'BraceExpansion', 'TildeExpansion', 'Glob', 'Range'],
  ...['DefaultValue', 'AssignDefault', 'ErrorIfUnset', 'UseAlternative', 'Length', 'PatternRemoval'],
  ...['PatternReplacement', 'Substring', 'CaseModification'],
  ...['ArithmeticExpression', 'ArithNumber', 'ArithVariable', 'ArithSpecialVar', 'ArithBinary', 'ArithUnary'],
  ...['ProcessSubstitution', 'Indirection', 'ArrayKeys', 'VarNamePrefix', 'Transform', 'BadSubstitution'],
  ...['LengthSliceError', 'ArithArrayElement', 'ArithSyntaxError'],
  ...['ArithTernary', 'ArithAssignment', 'ArithGroup', 'ArithNested', 'ArithBracedExpansion'],
  ...['CondBinary', 'CondUnary', 'CondNot', 'CondAnd', 'CondOr', 'CondGroup', 'CondWord'],
]);

/** What users call the kinds that are refused. */
const NAMES: Readonly<Record<string, string>> = {
  ArithCommandSubst: 'command substitution in arithmetic',
};

interface Node {
  readonly type?: unknown;
  readonly line?: unknown;
}

/** Fields of nodes that are looked at one by one. */
interface Parts {
  readonly array?: unknown;
  readonly fdVariable?: unknown;
  readonly deferredError?: { readonly message: string };
  readonly terminated?: boolean;
  readonly delimiter?: string;
}

/** The parser takes `a | | b` and the like. */
function isEmpty({ name, assignments, redirections }: SimpleCommandNode): boolean {
  return name === null && assignments.length === 0 && redirections.length === 0;
}

class SupportCheck {
  private readonly issues: ShellIssue[] = [];
  private line = 1;
  private searched = 0;
  /** The text ends within a here-document. */
  open = false;

  constructor(private readonly source: string) {}

  check(script: ScriptNode): readonly ShellIssue[] {
    for (const statement of script.statements) {
      this.locate(statement);
      this.visit(statement);
    }
    return this.issues;
  }

  /** A statement has no line of its own: its text tells where it is. */
  private locate({ sourceText }: StatementNode): void {
    if (sourceText === undefined) return;
    const at = this.source.indexOf(sourceText, this.searched);
    if (at < 0) return;
    this.line = this.source.slice(0, at).split('\n').length;
    this.searched = at + sourceText.length;
  }

  private visit(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node;
    if (typeof node.line === 'number' && node.line > this.line) this.line = node.line;
    if (typeof node.type === 'string') this.look(node as Node & { type: string });
    // What stands in a statement that cannot be read is not looked at.
    if ((node as Parts).deferredError !== undefined) return;
    for (const child of Object.values(value)) this.visit(child);
  }

  private look(node: Node & { type: string }): void {
    if (!SUPPORTED.has(node.type)) {
      this.refuse(`${NAMES[node.type] ?? node.type} is not supported`);
      return;
    }
    const parts = node as Parts;
    if (node.type === 'Redirection' && parts.fdVariable !== undefined) {
      this.refuse('a redirection into {name} is not supported');
    }
    if (node.type === 'SimpleCommand' && isEmpty(node as unknown as SimpleCommandNode)) {
      this.refuse(`syntax error near unexpected token \`${this.missingBefore()}'`);
    }
    if (node.type === 'HereDoc' && parts.terminated === false) {
      this.open = true;
      this.refuse(`here-document without its end \`${parts.delimiter ?? ''}'`);
    }
    if (node.type === 'Statement' && parts.deferredError !== undefined) {
      this.refuse(parts.deferredError.message);
    }
  }

  /** What stands where a command is missing: between two bars, or at the end of the line. */
  private missingBefore(): string {
    const twice = /(?:&&|\|\|?)\s*(&&|\|\|?|;|&)/.exec(this.source);
    return twice?.[1] ?? 'newline';
  }

  private refuse(message: string): void {
    this.issues.push({ line: this.line, column: null, message });
  }
}

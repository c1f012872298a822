import { parse } from 'just-bash';
import type { ScriptNode, SimpleCommandNode, StatementNode } from './ast.ts';
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
    return { ok: false, issues: [issueOf(error)] };
  }
  const issues = new SupportCheck(source).check(script);
  return issues.length === 0 ? { ok: true, script } : { ok: false, issues };
}

/** A parse that is known to succeed: for scripts in the code and in tests. */
export function parseOrThrow(source: string): ScriptNode {
  const parsed = parseScript(source);
  if (parsed.ok) return parsed.script;
  throw new Error(parsed.issues.map(formatIssue).join('\n'));
}

function issueOf(error: unknown): ShellIssue {
  if (!(error instanceof Error)) return { line: 1, column: null, message: String(error) };
  const { line, column } = error as { line?: unknown; column?: unknown };
  const at = /^Parse error at (\d+):(\d+): /.exec(error.message);
  return {
    line: typeof line === 'number' && line > 0 ? line : Number(at?.[1] ?? 1),
    column: typeof column === 'number' && column > 0 ? column : at === null ? null : Number(at[2]),
    message: error.message.replace(/^Parse error at \d+:\d+: /, ''),
  };
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
  ...['ArithTernary', 'ArithAssignment', 'ArithGroup', 'ArithNested', 'ArithBracedExpansion'],
  ...['CondBinary', 'CondUnary', 'CondNot', 'CondAnd', 'CondOr', 'CondGroup', 'CondWord'],
]);

/** What users call the kinds that are refused. */
const NAMES: Readonly<Record<string, string>> = {
  ProcessSubstitution: 'process substitution <(...)',
  Indirection: 'indirect expansion ${!name}',
  ArrayKeys: 'arrays',
  VarNamePrefix: 'expansion of names ${!prefix*}',
  Transform: 'transformation ${name@...}',
  BadSubstitution: 'this substitution',
  LengthSliceError: 'this substitution',
  ArithArrayElement: 'arrays',
  ArithCommandSubst: 'command substitution in arithmetic',
  ArithSyntaxError: 'this arithmetic expression',
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
    for (const child of Object.values(value)) this.visit(child);
  }

  private look(node: Node & { type: string }): void {
    if (!SUPPORTED.has(node.type)) {
      this.refuse(`${NAMES[node.type] ?? node.type} is not supported`);
      return;
    }
    const parts = node as Parts;
    if (node.type === 'Assignment' && parts.array !== null) this.refuse('arrays are not supported');
    if (node.type === 'Redirection' && parts.fdVariable !== undefined) {
      this.refuse('a redirection into {name} is not supported');
    }
    if (node.type === 'SimpleCommand' && isEmpty(node as unknown as SimpleCommandNode)) {
      this.refuse('syntax error: a command is missing');
    }
    if (node.type === 'HereDoc' && parts.terminated === false) {
      this.refuse(`here-document without its end \`${parts.delimiter ?? ''}'`);
    }
    if (node.type === 'Statement' && parts.deferredError !== undefined) {
      this.refuse(parts.deferredError.message);
    }
  }

  private refuse(message: string): void {
    this.issues.push({ line: this.line, column: null, message });
  }
}

import type { ScriptNode } from './ast.ts';

/** What is wrong with a script, and where. */
export interface ShellIssue {
  /** From 1. */
  readonly line: number;
  /** From 1; null if only the line is known. */
  readonly column: number | null;
  readonly message: string;
}

export type ParsedScript =
  | { readonly ok: true; readonly script: ScriptNode }
  | {
      readonly ok: false;
      readonly issues: readonly ShellIssue[];
      /** More lines could complete it: a quote, a loop or a here-document is open. */
      readonly incomplete?: boolean;
    };

/** `line 3: process substitution is not supported` */
export function formatIssue({ line, column, message }: ShellIssue): string {
  return column === null ? `line ${line}: ${message}` : `line ${line}, column ${column}: ${message}`;
}

/** As bash says it of a text that is not from a terminal: `line 1: syntax error near unexpected token `)'` */
export function describeIssue({ line, message }: ShellIssue): string {
  return `line ${line}: ${message}`;
}

/** What bash prints of a script or of `-c` that it cannot read. */
export function formatSyntaxErrors(issues: readonly ShellIssue[], source: string, name: string): string {
  const lines = source.split('\n');
  return issues
    .map(({ line, message }) => {
      const where = `${name}: line ${line}: `;
      const shown = message.includes('near unexpected token') ? `${where}\`${lines[line - 1] ?? ''}'\n` : '';
      return `${where}${message}\n${shown}`;
    })
    .join('');
}

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
  | { readonly ok: false; readonly issues: readonly ShellIssue[] };

/** `line 3: process substitution is not supported` */
export function formatIssue({ line, column, message }: ShellIssue): string {
  return column === null ? `line ${line}: ${message}` : `line ${line}, column ${column}: ${message}`;
}

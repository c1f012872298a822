/** What is wrong with an input, as a machine tells it to a machine. */
export type IssueCode =
  | 'unreadable'
  | 'too-large'
  | 'not-text'
  | 'empty'
  | 'syntax'
  | 'too-deep'
  | 'aliases'
  | 'unknown-key'
  | 'missing-key'
  | 'wrong-type'
  | 'not-allowed'
  | 'out-of-range'
  | 'wrong-form'
  | 'unknown-name'
  | 'contradiction';

/** Keys and indices from the top of the document to a place in it. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with the user's input: where, what, and how to repair it. */
export interface Issue {
  /** The file as the user named it, or the command-line option. */
  readonly file: string;
  /** From 1; 0 where the input has no lines. */
  readonly line: number;
  readonly column: number;
  readonly path: Path;
  readonly code: IssueCode;
  readonly message: string;
  readonly fix: string | null;
}

/** The user's input is wrong: all that is wrong with it, at once. */
export class InputError extends Error {
  constructor(readonly issues: readonly Issue[]) {
    super(issues.map(formatIssue).join('\n'));
    this.name = 'InputError';
  }
}

/** `oom.yaml:12:7: unknown tree "v6.13"; use one of: v6.12, v6.18` */
export function formatIssue({ file, line, column, message, fix }: Issue): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  return `${place}: ${message}${fix === null ? '' : ` (${fix})`}`;
}

/** In order of place, without repetitions. */
export function sortIssues(issues: readonly Issue[]): Issue[] {
  const seen = new Set<string>();
  return issues
    .map((issue, index) => ({ issue, index }))
    .sort((a, b) => a.issue.line - b.issue.line || a.issue.column - b.issue.column || a.index - b.index)
    .map(({ issue }) => issue)
    .filter((issue) => {
      const text = formatIssue(issue);
      return !seen.has(text) && seen.add(text).size > 0;
    });
}

/** A column of the diagram: one task. */
export interface Actor {
  /** What the column is called: `CPU0`. */
  readonly label: string;
  /** Who it is: `oom_reaper/41`. */
  readonly name: string;
}

/** One action of one actor. Lines are in the order of the execution. */
export interface DiagramLine {
  /** Index into the actors. */
  readonly actor: number;
  /** How deep in calls, as far as they are shown. */
  readonly depth: number;
  readonly text: string;
  /** What a reader should know about it: a comment behind the line; empty for none. */
  readonly note: string;
  /** Whom the action lets go on: an index into the actors; null for nobody. */
  readonly wakes: number | null;
  /** The operation that it shows, by its number in the run. */
  readonly step?: number;
}

export interface Diagram {
  readonly actors: readonly Actor[];
  readonly lines: readonly DiagramLine[];
  /** The last line: what went wrong, and in whose column. */
  readonly mark: { readonly actor: number; readonly text: string };
}

/** Something said below the diagram: sentences, then a list of things with a short label each. */
export interface Section {
  readonly heading: string;
  readonly text: readonly string[];
  readonly items: readonly { readonly label: string; readonly text: string }[];
}

/** What happened in an execution that ended in a report. Plain data: every format is made from it. */
export interface Explanation {
  readonly title: string;
  readonly diagram: Diagram;
  readonly sections: readonly Section[];
}

/** The formats in which an explanation can be had. */
export const FORMATS = ['text', 'markdown', 'html', 'mermaid'] as const;
export type Format = (typeof FORMATS)[number];

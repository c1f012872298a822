import type { Diagram, DiagramLine, Explanation, Section } from './explanation.ts';
import { plain, WIDTH, wrap } from './plain.ts';

/** An explanation as plain text of at most 72 columns, to be pasted into a mail or a commit message. */
export function renderText(explanation: Explanation): string {
  const { title, diagram, sections } = explanation;
  return `${[wrap(plain(title), WIDTH, 2), diagramLines(diagram), ...sections.map(sectionLines)]
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Blanks before the first column, so that neither git nor Markdown takes a line for something else. */
const INDENT = 2;
/** Blanks between two columns, at least. */
const GAP = 4;
/** What a column keeps for itself when the others want more than there is. */
const NARROWEST = 14;
/** More columns than these do not fit: actors become letters before the lines. */
const MOST_COLUMNS = 3;

interface Row {
  readonly actor: number;
  readonly text: string;
  /** Behind the text if there is room, else below it. */
  readonly comment: string;
  readonly indent: number;
}

/**
 * The diagram: a column per actor, time downwards, one action a line.
 *
 * Each line belongs to one actor, so that one that is longer than its column runs on to the right instead of being
 * broken. What would leave the page is broken at a blank and goes on four columns further in.
 */
export function diagramLines(diagram: Diagram): string[] {
  return drawn(diagram).map(({ text }) => text);
}

/** The steps that lines of the drawing show: line numbers from 0, the first line of each row that has one. */
export function diagramSteps(diagram: Diagram): { readonly line: number; readonly step: number }[] {
  const lines = drawn(diagram);
  return lines.flatMap(({ row }, line) => {
    const step = row === null || row === lines[line - 1]?.row ? undefined : diagram.lines.at(row)?.step;
    return step === undefined ? [] : [{ line, step }];
  });
}

interface Drawn {
  readonly text: string;
  /** Index of the row that it belongs to; null for the heads of columns. */
  readonly row: number | null;
}

function drawn(diagram: Diagram): Drawn[] {
  const rows = [...diagram.lines.map(rowOf), markRow(diagram)];
  const names = diagram.actors.map(({ label, name }) => ({ label: plain(label), name: plain(name) }));
  if (names.length > MOST_COLUMNS) return lettered(names, rows);
  const starts = columnStarts(
    names.map(({ label, name }, actor) =>
      Math.max(label.length, name.length, ...rows.filter((row) => row.actor === actor).map(widthOf)),
    ),
  );
  return [
    ...headLines(names, starts).map((text) => ({ text, row: null })),
    ...rows.flatMap((row, i) => place(row, starts[row.actor]).map((text) => ({ text, row: i }))),
  ];
}

type Name = Diagram['actors'][number];

/** The columns' labels, who they are, and a line below. */
function headLines(names: readonly Name[], starts: readonly number[]): string[] {
  const cut = (text: string, i: number) => {
    const room = (starts[i + 1] ?? WIDTH + 1) - starts[i] - 1;
    return text.length > room ? `${text.slice(0, room - 1)}~` : text;
  };
  const across = (cells: readonly string[]) =>
    cells.reduce((line, cell, i) => line.padEnd(starts[i]) + cut(cell, i), '').trimEnd();
  return [
    across(names.map(({ label }) => label)),
    across(names.map(({ name }) => name)),
    across(names.map(({ label, name }) => '-'.repeat(Math.max(label.length, name.length)))),
  ];
}

function rowOf({ actor, depth, text, note }: DiagramLine): Row {
  const comment = note === '' ? '' : `/* ${plain(note).replaceAll('*/', '* /')} */`;
  return { actor, text: plain(text), comment, indent: 2 * depth };
}

function markRow({ mark }: Diagram): Row {
  return { actor: mark.actor, text: plain(mark.text), comment: '', indent: 0 };
}

function widthOf({ text, indent }: Row): number {
  return indent + text.length;
}

/** Where the columns begin: as far apart as their lines are long, if there is room for the ones to the right. */
function columnStarts(widths: readonly number[]): number[] {
  const starts = [INDENT];
  for (let i = 1; i < widths.length; i++) starts.push(starts[i - 1] + widths[i - 1] + GAP);
  let end = WIDTH;
  for (let i = widths.length - 1; i > 0; i--) {
    const leftmost = INDENT + i * NARROWEST;
    starts[i] = Math.max(leftmost, Math.min(starts[i], end - widths[i]));
    end = starts[i] - GAP;
  }
  return starts;
}

function place(row: Row, start: number): string[] {
  const at = ' '.repeat(start + row.indent);
  return broken(row, Math.max(WIDTH - at.length, NARROWEST)).map((line) => (at + line).trimEnd());
}

/** The lines of a row, the first one as it stands, the others further in. */
function broken({ text, comment }: Row, width: number): string[] {
  const whole = comment === '' ? text : `${text}  ${comment}`;
  if (whole.length <= width || comment === '') return wrap(whole, width, 4);
  return [...wrap(text, width, 4), ...wrap(comment, width - 4, 3).map((line) => `    ${line}`)];
}

function lettered(names: readonly Name[], rows: readonly Row[]): Drawn[] {
  const letter = (actor: number) => String.fromCharCode(65 + (actor % 26));
  const at = ' '.repeat(INDENT);
  const heads = names.map(({ label, name }, actor) =>
    `${at}${letter(actor)}: ${label}, ${name}`.slice(0, WIDTH),
  );
  return [
    ...[...heads, ''].map((text) => ({ text, row: null })),
    ...rows.flatMap((row, n) =>
      broken(row, WIDTH - INDENT - 3 - row.indent).map((line, i) => ({
        text: `${at}${i === 0 ? `${letter(row.actor)}: ` : '   '}${' '.repeat(row.indent)}${line}`,
        row: n,
      })),
    ),
  ];
}

/** Labels that are longer have a line of their own. */
const LONGEST_LABEL = 24;

function sectionLines({ heading, text, items }: Section): string[] {
  const labels = items.map(({ label }) => plain(label));
  const width = Math.max(0, ...labels.filter(fits).map((label) => label.length));
  return [
    ...wrap(`${plain(heading)}:`, WIDTH, 2),
    ...text.flatMap((paragraph) => wrap(plain(paragraph), WIDTH - 2).map((line) => `  ${line}`)),
    ...items.flatMap((item, i) => {
      const lines = wrap(plain(item.text), WIDTH - 4 - width);
      const beside = fits(labels[i]) ? labels[i] : '';
      return [
        ...(beside === labels[i] ? [] : wrap(labels[i], WIDTH - 2).map((line) => `  ${line}`)),
        ...lines.map((line, n) => `  ${(n === 0 ? beside : '').padEnd(width)}  ${line}`),
      ];
    }),
  ];
}

function fits(label: string): boolean {
  return label.length <= LONGEST_LABEL;
}

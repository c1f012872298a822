import { wcswidth } from '../../../kernel/drivers/tty/wcwidth.ts';

/** What could stand at the cursor. */
export interface Completions {
  /** Where the word begins that they replace, in characters. */
  readonly start: number;
  /** As they would be inserted. */
  readonly candidates: readonly string[];
  /** As they are listed. */
  readonly labels: readonly string[];
  /** What follows a candidate that is the only one: a blank, or `/`. */
  readonly suffix: string;
}

/** What all of them begin with. */
export function commonPrefix(words: readonly string[]): string {
  let common = words[0] ?? '';
  for (const word of words) {
    while (!word.startsWith(common)) common = common.slice(0, -1);
  }
  return common;
}

/** Words in columns, from the top down, as wide as the terminal is. */
export function columns(words: readonly string[], cols: number): string {
  const width = 2 + words.reduce((most, word) => Math.max(most, wcswidth(word)), 0);
  const perRow = Math.max(1, Math.floor(cols / width));
  const rows = Math.ceil(words.length / perRow);
  let text = '';
  for (let row = 0; row < rows; row++) {
    const cells: string[] = [];
    for (let at = row; at < words.length; at += rows) {
      const last = at + rows >= words.length;
      cells.push(last ? words[at] : words[at] + ' '.repeat(width - wcswidth(words[at])));
    }
    text += `${cells.join('')}\n`;
  }
  return text;
}

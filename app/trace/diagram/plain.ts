// Lines of plain text: what may stand in them, and how long they may be.

/** Columns of a commit message, and of a mail that is still to be quoted a few times. */
export const WIDTH = 72;

/**
 * One line of harmless text. Names come from files of strangers: what moves a terminal's cursor, ends the line or
 * turns the direction of writing becomes a question mark.
 */
export function plain(text: string): string {
  return text.replace(UNFIT, '?');
}

const UNFIT =
  // eslint-disable-next-line no-control-regex -- these are the ones to be replaced
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Breaks a text at blanks into lines of at most `width`; all but the first begin with `hanging` blanks. A word that
 * is longer than a line is broken where it ends.
 */
export function wrap(text: string, width: number, hanging = 0): string[] {
  const lines: string[] = [];
  let line = '';
  const space = () => width - (lines.length === 0 ? 0 : hanging);
  const close = () => {
    lines.push((lines.length === 0 ? '' : ' '.repeat(hanging)) + line);
    line = '';
  };
  for (let word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > space()) close();
    while (line === '' && word.length > space()) {
      line = word.slice(0, space());
      word = word.slice(line.length);
      close();
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '' || lines.length === 0) close();
  return lines;
}

/* eslint-disable no-control-regex -- control characters are what this file is about */
import { wcwidth } from '../../../kernel/drivers/tty/wcwidth.ts';

/** A place on the screen, counted from where the prompt begins. */
interface Place {
  readonly row: number;
  readonly col: number;
}

/** How a character is shown in the line: control characters as `^C`. */
function shown(c: string): string {
  const code = c.charCodeAt(0);
  if (c === '\n' || code >= 0x20) return code === 0x7f ? '^?' : c;
  return `^${String.fromCharCode(code + 0x40)}`;
}

/**
 * Draws a prompt and a line on a terminal of a certain width, with as little as necessary. Counts on the terminal to
 * wrap by itself at its right edge.
 */
export class LineDisplay {
  private prompt = '';
  /** The last line of the prompt, from which positions count. */
  private promptLine = '';
  private text: readonly string[] = [];
  /** Where the terminal's cursor is. */
  private at: Place = { row: 0, col: 0 };

  constructor(public cols: number) {}

  /** Shows a prompt on a fresh line. */
  start(prompt: string): string {
    this.prompt = prompt;
    this.promptLine = prompt.slice(prompt.lastIndexOf('\n') + 1);
    this.text = [];
    this.at = this.advance({ row: 0, col: 0 }, visible(this.promptLine));
    return this.prompt.replace(/[\x01\x02]/g, '') + this.wrapMark(this.at);
  }

  /** Brings the screen from what it shows to a text with a cursor. */
  update(text: readonly string[], cursor: number): string {
    const append = startsWith(text, this.text) && this.isAtEnd();
    let output = '';
    if (append) {
      output += this.put(text.slice(this.text.length));
      this.text = text.slice();
    } else {
      let same = 0;
      while (same < text.length && text[same] === this.text[same]) same++;
      if (same < text.length || same < this.text.length) {
        output += this.moveTo(this.placeOf(this.text, same));
        const end = this.endOf(text);
        const before = this.endOf(this.text);
        output += this.put(text.slice(same));
        if (end.row < before.row || (end.row === before.row && end.col < before.col)) output += '\x1b[J';
        this.text = text.slice();
      }
    }
    return output + this.moveTo(this.placeOf(text, cursor));
  }

  /** Puts the cursor behind the line: what is printed next comes below it. */
  finish(): string {
    const output = this.moveTo(this.endOf(this.text));
    return `${output}\n`;
  }

  /** Draws everything again, on a screen that was cleared or is another size. */
  redraw(text: readonly string[], cursor: number, how: 'here' | 'cleared'): string {
    const up = how === 'cleared' ? '' : this.up();
    const clear = how === 'cleared' ? '\x1b[H\x1b[2J' : '\r\x1b[J';
    const line = how === 'cleared' ? this.start(this.prompt) : this.start(this.promptLine);
    return up + clear + line + this.update(text, cursor);
  }

  /**
   * The width has changed. What a terminal has made of the line that the cursor is on is not to be known; xterm and
   * xterm.js leave it as it was, so that is what redraw() goes by.
   */
  resize(cols: number): void {
    this.cols = cols;
  }

  /** Another prompt in front of the same line: the search for a line. */
  reprompt(prompt: string, text: readonly string[], cursor: number): string {
    const output = `${this.up()}\r\x1b[J`;
    const before = this.prompt;
    const line = this.start(prompt);
    this.prompt = before;
    return output + line + this.update(text, cursor);
  }

  private up(): string {
    return this.at.row > 0 ? `\x1b[${this.at.row}A` : '';
  }

  private isAtEnd(): boolean {
    const end = this.endOf(this.text);
    return end.row === this.at.row && end.col === this.at.col;
  }

  private endOf(text: readonly string[]): Place {
    return this.placeOf(text, text.length);
  }

  private placeOf(text: readonly string[], count: number): Place {
    let at = this.advance({ row: 0, col: 0 }, visible(this.promptLine));
    for (let i = 0; i < count; i++) at = this.advance(at, shown(text[i]));
    // Before a wide character that has no room in this row the cursor is where that stands: in the next.
    if (count < text.length && text[count] !== '\n' && at.col + wcwidth(text[count]) > this.cols) {
      return { row: at.row + 1, col: 0 };
    }
    return at;
  }

  /** Where the cursor comes to by a text. A line that is just full goes on in the next. */
  private advance(from: Place, text: string): Place {
    let { row, col } = from;
    for (const c of text) {
      if (c === '\n') {
        row++;
        col = 0;
        continue;
      }
      const width = wcwidth(c);
      if (col + width > this.cols) {
        row++;
        col = 0;
      }
      col += width;
      if (col === this.cols) {
        row++;
        col = 0;
      }
    }
    return { row, col };
  }

  private put(characters: readonly string[]): string {
    let output = '';
    for (const c of characters) {
      const text = shown(c);
      this.at = this.advance(this.at, text);
      output += c === '\n' ? '\x1b[K\n' : text;
    }
    return (
      output +
      (characters.length > 0 && characters[characters.length - 1] !== '\n' ? this.wrapMark(this.at) : '')
    );
  }

  /** A terminal stays on a line that is just full: a blank makes it go on to the next. */
  private wrapMark({ row, col }: Place): string {
    return col === 0 && row > 0 ? ' \r' : '';
  }

  private moveTo(to: Place): string {
    const { row, col } = this.at;
    this.at = to;
    let output = '';
    if (to.row < row) output += `\x1b[${row - to.row}A`;
    if (to.row > row) output += `\x1b[${to.row - row}B`;
    if (to.col === col) return output;
    if (to.col === 0) return `${output}\r`;
    if (to.col < col)
      return output + (col - to.col <= 4 ? '\b'.repeat(col - to.col) : `\x1b[${col - to.col}D`);
    return `${output}\x1b[${to.col - col}C`;
  }
}

/** What of a prompt takes columns. */
function visible(prompt: string): string {
  return prompt
    .replace(/\x01[^\x02]*\x02/g, '')
    .replace(/\x1b\[[0-9;?]*[@-~]/g, '')
    .replace(/[\x00-\x1f]/g, '');
}

function startsWith(text: readonly string[], start: readonly string[]): boolean {
  return text.length >= start.length && start.every((c, i) => c === text[i]);
}

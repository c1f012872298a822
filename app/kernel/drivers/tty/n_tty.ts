import {
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  ECHONL,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNCR,
  INLCR,
  ISIG,
  IXON,
  NOFLSH,
  ONLCR,
  OPOST,
  tty_std_termios,
  type Termios,
} from '../../include/termios.ts';
import { SIGINT, SIGQUIT, SIGTSTP } from '../../include/signal.ts';
import { wcwidth } from './wcwidth.ts';

/** What came of a stretch of input. */
export interface Received {
  /** What the terminal is to show for it. */
  readonly echo: string;
  /** A signal for the foreground process group, which the character after `echo` stands for; 0 for none. */
  readonly signal: number;
  /** What is to be shown after the signal was sent: `^C`. */
  readonly after: string;
  /** Characters that were looked at. */
  readonly taken: number;
}

/** Longer lines are cut: N_TTY_BUF_SIZE without room for the newline. */
const LONGEST_LINE = 4095;

/**
 * The line discipline: what was typed becomes lines, or stays what it is; what is printed gets carriage returns.
 * Data only, without a task: console.ts makes visible operations of it.
 *
 * Models: drivers/tty/n_tty.c as of v6.12. Leaves out: packet mode, VMIN above 1 and VTIME, parity and breaks.
 */
export class LineDiscipline {
  termios: Termios = tty_std_termios;
  /** Output is held: Ctrl-S. */
  stopped = false;
  /** Lines that are complete, each as one read() gives it; an empty one is an end of file. */
  private readonly lines: string[] = [];
  /** The line that is being typed; outside of canonical mode all that was not read yet. */
  private pending = '';
  /** The next character is taken literally: Ctrl-V. */
  private literal = false;
  /** The column of the cursor, and the one at which the line that is being typed began. */
  private column = 0;
  private canon_column = 0;

  private has(flag: number): boolean {
    return (this.termios.c_lflag & flag) !== 0;
  }

  // --- input --------------------------------------------------------------------------------------

  /** n_tty_receive_buf(): takes input up to the end or to the next signal. */
  receive(text: string): Received {
    let echo = '';
    let taken = 0;
    for (const character of text) {
      taken += character.length;
      const result = this.receiveCharacter(character);
      if (typeof result === 'string') echo += this.echoed(result);
      else return { echo, taken, signal: result.signal, after: this.echoed(result.after) };
    }
    return { echo, taken, signal: 0, after: '' };
  }

  /** What to show; or a signal, with what to show after it. */
  private receiveCharacter(character: string): string | { signal: number; after: string } {
    const { c_iflag, c_cc } = this.termios;
    if (this.literal) {
      this.literal = false;
      return this.put(character);
    }
    if (this.has(ISIG)) {
      const signal = this.signalOf(character);
      if (signal !== 0) {
        if (!this.has(NOFLSH)) this.flush();
        this.stopped = false;
        return { signal, after: this.has(ECHO) ? this.visible(character) : '' };
      }
    }
    if ((c_iflag & IXON) !== 0) {
      if (character === c_cc.VSTART || character === c_cc.VSTOP) {
        this.stopped = character === c_cc.VSTOP;
        return '';
      }
    }
    let c = character;
    if (c === '\r') {
      if ((c_iflag & IGNCR) !== 0) return '';
      if ((c_iflag & ICRNL) !== 0) c = '\n';
    } else if (c === '\n' && (c_iflag & INLCR) !== 0) c = '\r';
    return this.has(ICANON) ? this.receiveCanonical(c) : this.put(c);
  }

  private signalOf(c: string): number {
    const { VINTR, VQUIT, VSUSP } = this.termios.c_cc;
    if (c === VINTR) return SIGINT;
    if (c === VQUIT) return SIGQUIT;
    return c === VSUSP ? SIGTSTP : 0;
  }

  private receiveCanonical(c: string): string {
    const { VERASE, VKILL, VEOF, VEOL, VWERASE, VREPRINT, VLNEXT } = this.termios.c_cc;
    if (c === VERASE || c === VKILL || (c === VWERASE && this.has(IEXTEN))) return this.erase(c);
    if (this.has(IEXTEN)) {
      if (c === VLNEXT) {
        this.literal = true;
        return this.has(ECHO) && this.has(ECHOCTL) ? '^\b' : '';
      }
      if (c === VREPRINT && this.has(ECHO)) return `${this.visible(c)}\n${this.shown(this.pending)}`;
    }
    if (c === '\n') {
      this.finish('\n');
      return this.has(ECHO) || this.has(ECHONL) ? '\n' : '';
    }
    if (c === VEOF) {
      this.finish('');
      return '';
    }
    if (c === VEOL) {
      this.finish(c);
      return this.has(ECHO) ? this.visible(c) : '';
    }
    return this.put(c);
  }

  private finish(end: string): void {
    this.lines.push(this.pending + end);
    this.pending = '';
  }

  private put(c: string): string {
    if (this.has(ICANON)) {
      if (this.pending.length >= LONGEST_LINE) return this.has(ECHO) ? '\x07' : '';
      if (this.pending === '') this.canon_column = this.column;
    }
    this.pending += c;
    return this.has(ECHO) ? this.visible(c) : '';
  }

  /** eraser(): the last character, the last word, or the whole line. */
  private erase(c: string): string {
    const characters = Array.from(this.pending);
    if (characters.length === 0) return '';
    const { VERASE, VKILL } = this.termios.c_cc;
    if (c === VKILL && !(this.has(ECHO) && this.has(ECHOK) && this.has(ECHOKE) && this.has(ECHOE))) {
      this.pending = '';
      return this.has(ECHO) ? this.visible(c) + (this.has(ECHOK) ? '\n' : '') : '';
    }
    let keep = characters.length - 1;
    if (c === VKILL) keep = 0;
    else if (c !== VERASE) {
      keep = characters.length;
      while (keep > 0 && !isWord(characters[keep - 1])) keep--;
      while (keep > 0 && isWord(characters[keep - 1])) keep--;
    }
    const left = characters.slice(0, keep).join('');
    const columns = this.widthOf(this.pending) - this.widthOf(left);
    this.pending = left;
    if (!this.has(ECHO)) return '';
    if (!this.has(ECHOE)) return this.visible(c);
    return '\b \b'.repeat(columns);
  }

  /** Columns of a part of the line from its beginning. */
  private widthOf(text: string): number {
    let at = this.canon_column;
    for (const c of text) {
      if (c === '\t') at += 8 - (at % 8);
      else for (const shown of this.visible(c)) at += wcwidth(shown);
    }
    return at - this.canon_column;
  }

  /** How a character is echoed. */
  private visible(c: string): string {
    const code = c.charCodeAt(0);
    if (!this.has(ECHOCTL) || c === '\t' || c === '\n' || (code >= 0x20 && code !== 0x7f)) return c;
    return `^${String.fromCharCode(code ^ 0x40)}`;
  }

  private shown(text: string): string {
    return Array.from(text, (c) => this.visible(c)).join('');
  }

  // --- reading ------------------------------------------------------------------------------------

  /** input_available_p(): would a read() return? */
  get available(): boolean {
    return this.lines.length > 0 || (!this.has(ICANON) && this.pending !== '');
  }

  /** What a read() takes; null if it has to wait. */
  take(size: number): string | null {
    const line = this.lines.shift();
    if (line !== undefined) {
      const part = whole(line, size);
      if (part.length < line.length) this.lines.unshift(line.slice(part.length));
      return part;
    }
    if (this.has(ICANON) || this.pending === '') return null;
    const part = whole(this.pending, size);
    this.pending = this.pending.slice(part.length);
    return part;
  }

  /** Characters that FIONREAD counts. */
  get count(): number {
    if (this.has(ICANON)) return this.lines.reduce((sum, line) => sum + line.length, 0);
    return this.lines.reduce((sum, line) => sum + line.length, this.pending.length);
  }

  /** n_tty_flush_buffer(): forgets what was typed. */
  flush(): void {
    this.lines.length = 0;
    this.pending = '';
    this.literal = false;
  }

  /** n_tty_set_termios(): what came in before a change to canonical mode can be read at once. */
  setTermios(termios: Termios): void {
    const before = this.has(ICANON);
    this.termios = termios;
    if (!before && this.has(ICANON) && this.pending !== '') this.finish('');
  }

  // --- output -------------------------------------------------------------------------------------

  private echoed(text: string): string {
    return this.process(text);
  }

  /** do_output_char() for a text. */
  process(text: string): string {
    const { c_oflag } = this.termios;
    let shown = '';
    for (const c of text) {
      if (c === '\n') {
        this.column = 0;
        shown += (c_oflag & OPOST) !== 0 && (c_oflag & ONLCR) !== 0 ? '\r\n' : '\n';
        continue;
      }
      if (c === '\r') this.column = 0;
      else if (c === '\b') this.column = Math.max(0, this.column - 1);
      else if (c === '\t') this.column += 8 - (this.column % 8);
      else if (c >= ' ' && c !== '\x7f') this.column += wcwidth(c);
      shown += c;
    }
    return shown;
  }
}

const isWord = (c: string): boolean => c === '_' || /[\p{L}\p{N}]/u.test(c);

/** At most `size` units from the start, without tearing a character apart. */
function whole(text: string, size: number): string {
  if (text.length <= size) return text;
  const high = text.charCodeAt(size - 1);
  const torn = high >= 0xd800 && high < 0xdc00;
  return text.slice(0, torn ? Math.max(size - 1, 0) || 2 : size);
}

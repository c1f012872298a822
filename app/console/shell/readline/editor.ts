import { columns, commonPrefix, type Completions } from './candidates.ts';
import { LineDisplay } from './display.ts';
import { KeyDecoder, type Key } from './keys.ts';
import { LineBuffer } from './line-buffer.ts';
import { HistorySearch } from './search.ts';

export type EditorEvent =
  /** The line is done. */
  | { readonly kind: 'accept'; readonly line: string }
  /** Ctrl-D on an empty line. */
  | { readonly kind: 'eof' }
  /** Tab: what could stand at the cursor? The answer goes to `complete()`. */
  | { readonly kind: 'complete'; readonly line: string; readonly cursor: number };

export interface Step {
  /** For the terminal. */
  readonly output: string;
  readonly event: EditorEvent | null;
}

const BELL = '\x07';
const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l\r';
/** More candidates than this are listed only if the user wants it. */
const ASK_ABOVE = 100;

/**
 * A line editor with emacs keys, as readline is one: takes what a terminal sends, says what it is to show. It knows
 * neither the terminal nor the shell.
 */
export class LineEditor {
  readonly buffer = new LineBuffer();
  private readonly decoder = new KeyDecoder();
  private readonly display: LineDisplay;
  /** Position in the history; its length stands for the line that is being typed. */
  private position: number;
  /** What was typed before the user went into the history. */
  private typed = '';
  private search: HistorySearch | null = null;
  private literal = false;
  /** The key before was a Tab that did not get anywhere. */
  private tabbed = false;
  /** Candidates that are listed if the answer is `y`. */
  private asked: Completions | null = null;
  /** How far back Alt-. has gone. */
  private argument = 0;

  constructor(
    private readonly prompt: string,
    cols: number,
    private readonly history: readonly string[],
  ) {
    this.display = new LineDisplay(cols);
    this.position = history.length;
  }

  /** Shows the prompt. */
  start(): string {
    return PASTE_ON + this.display.start(this.prompt);
  }

  /** Takes one character of input. */
  feed(character: string): Step {
    if (this.literal) {
      this.literal = false;
      return this.insert(character);
    }
    const key = this.decoder.feed(character);
    if (key === null) return NOTHING;
    if (this.asked !== null) return this.answer(key);
    if (this.search !== null) {
      const step = this.searchKey(key);
      if (step !== null) return step;
    }
    const tabbed = this.tabbed;
    this.tabbed = false;
    if (key.kind !== 'key') return this.insert(key.text);
    if (key.name !== 'alt-.' && key.name !== 'alt-_') this.argument = 0;
    return this.key(key.name, tabbed);
  }

  /** The terminal has another width. */
  resize(cols: number): string {
    this.display.resize(cols);
    return this.display.redraw(this.buffer.characters, this.buffer.cursor, 'here');
  }

  /** Ctrl-C: the line is given up where it is. */
  interrupt(): string {
    this.search = null;
    return `${this.show(this.buffer.characters.length)}^C${this.display.finish()}${PASTE_OFF}`;
  }

  /** The answer to a `complete` event. */
  complete(found: Completions): string {
    const { start, candidates, suffix } = found;
    if (candidates.length === 0) return BELL;
    const common = commonPrefix(candidates);
    const word = this.buffer.characters.slice(start, this.buffer.cursor).join('');
    if (candidates.length === 1 || common.length > word.length || !common.startsWith(word)) {
      const text = candidates.length === 1 ? common + suffix : common;
      if (
        text !== word &&
        (candidates.length === 1 || Array.from(common).length >= Array.from(word).length)
      ) {
        this.buffer.remove(start, this.buffer.cursor);
        this.buffer.insert(text);
        return this.show() + (candidates.length === 1 ? '' : BELL);
      }
    }
    if (!this.listing) {
      this.tabbed = true;
      return BELL;
    }
    if (found.labels.length > ASK_ABOVE) {
      this.asked = found;
      return `${this.display.finish()}Display all ${found.labels.length} possibilities? (y or n)`;
    }
    return this.display.finish() + this.list(found);
  }

  private listing = false;

  // --- keys ---------------------------------------------------------------------------------------

  private key(name: string, tabbed: boolean): Step {
    const { buffer } = this;
    buffer.begin(KILLS.has(name) ? 'kill' : name === 'ctrl-y' || name === 'alt-y' ? 'yank' : 'other');
    switch (name) {
      case 'enter':
        return this.accept();
      case 'ctrl-d':
        if (buffer.characters.length === 0) return { output: PASTE_OFF, event: { kind: 'eof' } };
        return this.did(buffer.remove(buffer.cursor, buffer.cursor + 1));
      case 'tab':
        this.listing = tabbed;
        return { output: '', event: { kind: 'complete', line: buffer.text, cursor: buffer.cursor } };
      case 'alt-?':
      case 'alt-=':
        this.listing = true;
        return { output: '', event: { kind: 'complete', line: buffer.text, cursor: buffer.cursor } };
      case 'ctrl-v':
        this.literal = true;
        return NOTHING;
      case 'ctrl-l':
        return { output: this.display.redraw(buffer.characters, buffer.cursor, 'cleared'), event: null };
      case 'ctrl-r':
      case 'ctrl-s':
        this.search = new HistorySearch(this.history, this.position, buffer.text, name === 'ctrl-r' ? -1 : 1);
        return this.showSearch();
      case 'alt-.':
      case 'alt-_':
        return this.lastArgument();
      case 'alt-#':
        buffer.cursor = 0;
        buffer.insert('#');
        this.show();
        return this.accept();
      default:
        return this.did(this.move(name) || this.change(name) || this.recall(name));
    }
  }

  /** Keys that move the cursor. False if the key is none. */
  private move(name: string): boolean {
    const { buffer } = this;
    const to = {
      ...{ 'ctrl-a': 0, home: 0, 'ctrl-e': buffer.characters.length, end: buffer.characters.length },
      ...{ 'ctrl-b': buffer.cursor - 1, left: buffer.cursor - 1 },
      ...{ 'ctrl-f': buffer.cursor + 1, right: buffer.cursor + 1 },
      ...{ 'alt-b': buffer.wordStart(), 'ctrl-left': buffer.wordStart(), 'alt-left': buffer.wordStart() },
      ...{ 'alt-f': buffer.wordEnd(), 'ctrl-right': buffer.wordEnd(), 'alt-right': buffer.wordEnd() },
    }[name];
    if (to === undefined || to < 0 || to > buffer.characters.length) return false;
    buffer.cursor = to;
    return true;
  }

  /** Keys that change the line. */
  private change(name: string): boolean {
    const { buffer } = this;
    const { cursor } = buffer;
    const { length } = buffer.characters;
    switch (name) {
      case 'backspace':
      case 'ctrl-h':
        return buffer.remove(Math.max(0, cursor - 1), cursor);
      case 'delete':
        return buffer.remove(cursor, Math.min(cursor + 1, length));
      case 'ctrl-k':
        return buffer.kill(cursor, length);
      case 'ctrl-u':
        return buffer.kill(0, cursor);
      case 'ctrl-w':
        return buffer.kill(buffer.blankStart(), cursor);
      case 'alt-backspace':
      case 'alt-ctrl-h':
        return buffer.kill(buffer.wordStart(), cursor);
      case 'alt-d':
        return buffer.kill(cursor, buffer.wordEnd());
      case 'ctrl-y':
        return buffer.yank();
      case 'alt-y':
        return buffer.yankPop();
      case 'ctrl-t':
        return buffer.transpose();
      case 'alt-u':
      case 'alt-l':
      case 'alt-c':
        buffer.changeCase(name === 'alt-u' ? 'upper' : name === 'alt-l' ? 'lower' : 'capital');
        return true;
      case 'ctrl-_':
        return buffer.undo();
      case 'alt-r':
        buffer.set(this.history[this.position] ?? '');
        return true;
      default:
        return false;
    }
  }

  /** Keys that bring lines of the history. */
  private recall(name: string): boolean {
    switch (name) {
      case 'ctrl-p':
      case 'up':
        return this.goTo(this.position - 1);
      case 'ctrl-n':
      case 'down':
        return this.goTo(this.position + 1);
      case 'alt-<':
        return this.goTo(0);
      case 'alt->':
        return this.goTo(this.history.length);
      case 'insert':
      case 'ctrl-g':
        return name === 'insert';
      default:
        return false;
    }
  }

  private goTo(position: number): boolean {
    if (position < 0 || position > this.history.length || position === this.position) return false;
    if (this.position === this.history.length) this.typed = this.buffer.text;
    this.position = position;
    this.buffer.set(position === this.history.length ? this.typed : this.history[position]);
    return true;
  }

  /** Alt-.: the last word of the line before; again, of the one before that. */
  private lastArgument(): Step {
    const { buffer } = this;
    const line = this.history[this.history.length - 1 - this.argument];
    if (line === undefined) return RING;
    const word = /\S+$/.exec(line.trim())?.[0] ?? '';
    if (this.argument > 0) buffer.undo();
    this.argument++;
    buffer.insert(word);
    return this.done();
  }

  private insert(text: string): Step {
    this.buffer.begin('other');
    this.buffer.insert(text);
    return this.done();
  }

  private accept(): Step {
    const line = this.buffer.text;
    const output = this.show(this.buffer.characters.length) + this.display.finish() + PASTE_OFF;
    return { output, event: { kind: 'accept', line } };
  }

  private did(done: boolean): Step {
    return done ? this.done() : RING;
  }

  private done(): Step {
    return { output: this.show(), event: null };
  }

  private show(cursor = this.buffer.cursor): string {
    return this.display.update(this.buffer.characters, cursor);
  }

  // --- lists of candidates ------------------------------------------------------------------------

  private list({ labels }: Completions): string {
    return columns(labels, this.display.cols) + this.again();
  }

  private again(): string {
    return this.display.start(this.prompt.slice(this.prompt.lastIndexOf('\n') + 1)) + this.show();
  }

  private answer(key: Key): Step {
    const letter = key.kind === 'text' ? key.text.toLowerCase() : key.kind === 'key' ? key.name : '';
    const { asked } = this;
    if (asked === null) return NOTHING;
    if (letter === 'y' || letter === ' ') {
      this.asked = null;
      return { output: `\n${this.list(asked)}`, event: null };
    }
    if (letter !== 'n' && letter !== 'backspace' && letter !== 'ctrl-g') return RING;
    this.asked = null;
    return { output: `\n${this.again()}`, event: null };
  }

  // --- the search for a line ----------------------------------------------------------------------

  /** Null if the key ends the search and is to be taken as usual. */
  private searchKey(key: Key): Step | null {
    const { search } = this;
    if (search === null) return null;
    if (key.kind === 'text') return search.add(key.text) ? this.showSearch() : this.showSearch(BELL);
    const name = key.kind === 'key' ? key.name : 'paste';
    if (name === 'ctrl-r' || name === 'ctrl-s') {
      return search.next(name === 'ctrl-r' ? -1 : 1) ? this.showSearch() : this.showSearch(BELL);
    }
    if (name === 'backspace' || name === 'ctrl-h') {
      search.shorten();
      return this.showSearch();
    }
    this.search = null;
    const output = (line: string): string => {
      this.buffer.set(line);
      return this.display.reprompt(
        this.prompt.slice(this.prompt.lastIndexOf('\n') + 1),
        this.buffer.characters,
        this.buffer.cursor,
      );
    };
    if (name === 'ctrl-g') return { output: output(search.before) + BELL, event: null };
    this.position = search.position;
    const shown = output(search.line);
    this.buffer.cursor = Math.max(0, search.offset);
    const step = key.kind === 'key' && name !== 'alt-ctrl-[' ? this.key(name, false) : NOTHING;
    return { output: shown + (step.output === BELL ? this.show() : step.output), event: step.event };
  }

  private showSearch(also = ''): Step {
    const { search } = this;
    if (search === null) return NOTHING;
    this.buffer.set(search.line);
    this.buffer.cursor = Math.max(0, search.offset);
    const { characters, cursor } = this.buffer;
    return { output: this.display.reprompt(search.prompt, characters, cursor) + also, event: null };
  }
}

const NOTHING: Step = { output: '', event: null };
const RING: Step = { output: BELL, event: null };
const KILLS = new Set(['ctrl-k', 'ctrl-u', 'ctrl-w', 'alt-d', 'alt-backspace', 'alt-ctrl-h']);

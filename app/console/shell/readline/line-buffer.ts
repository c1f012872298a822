interface Snapshot {
  readonly characters: readonly string[];
  readonly cursor: number;
}

/** The most that is kept for `undo`, and on the kill ring. */
const MOST_SNAPSHOTS = 500;
const MOST_KILLS = 10;

/** The text of a line with a cursor, and what emacs keys do with it. Positions count characters. */
export class LineBuffer {
  characters: string[] = [];
  cursor = 0;
  private readonly snapshots: Snapshot[] = [];
  private readonly kills: string[] = [];
  /** The last change was a kill: the next one adds to it. */
  private killing = false;
  /** Where the last yank put its text, for Alt-Y. */
  private yanked: { readonly from: number; readonly to: number; readonly kill: number } | null = null;

  get text(): string {
    return this.characters.join('');
  }

  set(text: string): void {
    this.characters = Array.from(text);
    this.cursor = this.characters.length;
  }

  /** Called before each key: a key that is neither a kill nor a yank ends what belongs together. */
  begin(kind: 'kill' | 'yank' | 'other'): void {
    if (kind !== 'kill') this.killing = false;
    if (kind !== 'yank') this.yanked = null;
  }

  insert(text: string): void {
    this.save();
    const added = Array.from(text);
    this.characters.splice(this.cursor, 0, ...added);
    this.cursor += added.length;
  }

  /** Takes a stretch away; false if it is empty. */
  remove(from: number, to: number): boolean {
    if (from >= to) return false;
    this.save();
    this.characters.splice(from, to - from);
    if (this.cursor > to) this.cursor -= to - from;
    else if (this.cursor > from) this.cursor = from;
    return true;
  }

  /** The same, and keeps it for Ctrl-Y. */
  kill(from: number, to: number): boolean {
    const text = this.characters.slice(from, to).join('');
    const before = from < this.cursor;
    if (!this.remove(from, to)) return false;
    if (!this.killing || this.kills.length === 0) this.kills.push(text);
    else {
      const last = this.kills.pop() ?? '';
      this.kills.push(before ? text + last : last + text);
    }
    if (this.kills.length > MOST_KILLS) this.kills.shift();
    this.killing = true;
    return true;
  }

  yank(): boolean {
    return this.yankAt(this.kills.length - 1);
  }

  /** Alt-Y: what was killed before, in place of what was yanked just now. */
  yankPop(): boolean {
    if (this.yanked === null) return false;
    const { from, to, kill } = this.yanked;
    this.remove(from, to);
    return this.yankAt((kill - 1 + this.kills.length) % this.kills.length);
  }

  private yankAt(kill: number): boolean {
    const text = this.kills[kill];
    if (text === undefined) return false;
    const from = this.cursor;
    this.insert(text);
    this.yanked = { from, to: this.cursor, kill };
    return true;
  }

  undo(): boolean {
    const before = this.snapshots.pop();
    if (before === undefined) return false;
    this.characters = [...before.characters];
    this.cursor = before.cursor;
    return true;
  }

  private save(): void {
    this.snapshots.push({ characters: [...this.characters], cursor: this.cursor });
    if (this.snapshots.length > MOST_SNAPSHOTS) this.snapshots.shift();
  }

  // --- places -------------------------------------------------------------------------------------

  /** The end of the word after the cursor; words are of letters and digits. */
  wordEnd(): number {
    let at = this.cursor;
    while (at < this.characters.length && !isLetter(this.characters[at])) at++;
    while (at < this.characters.length && isLetter(this.characters[at])) at++;
    return at;
  }

  wordStart(): number {
    let at = this.cursor;
    while (at > 0 && !isLetter(this.characters[at - 1])) at--;
    while (at > 0 && isLetter(this.characters[at - 1])) at--;
    return at;
  }

  /** The start of the word before the cursor as Ctrl-W sees it: up to a blank. */
  blankStart(): number {
    let at = this.cursor;
    while (at > 0 && isBlank(this.characters[at - 1])) at--;
    while (at > 0 && !isBlank(this.characters[at - 1])) at--;
    return at;
  }

  // --- changes of what is there -------------------------------------------------------------------

  /** Ctrl-T */
  transpose(): boolean {
    const { characters } = this;
    if (characters.length < 2 || this.cursor === 0) return false;
    const at = Math.min(this.cursor, characters.length - 1);
    this.save();
    [characters[at - 1], characters[at]] = [characters[at], characters[at - 1]];
    this.cursor = at + 1;
    return true;
  }

  /** Alt-U, Alt-L, Alt-C: the word after the cursor. */
  changeCase(how: 'upper' | 'lower' | 'capital'): void {
    const end = this.wordEnd();
    this.save();
    let first = true;
    for (let at = this.cursor; at < end; at++) {
      const c = this.characters[at];
      if (!isLetter(c)) continue;
      const upper = how === 'upper' || (how === 'capital' && first);
      this.characters[at] = upper ? c.toUpperCase() : c.toLowerCase();
      first = false;
    }
    this.cursor = end;
  }
}

const isLetter = (c: string): boolean => /[\p{L}\p{N}]/u.test(c);
const isBlank = (c: string): boolean => /\s/.test(c);

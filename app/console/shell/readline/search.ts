/** The search for a line of the history that contains what is typed: Ctrl-R and Ctrl-S. */
export class HistorySearch {
  private wanted = '';
  private failed = false;
  /** Where the line was found; the length of the history stands for the line that was there before. */
  position: number;
  line: string;

  constructor(
    private readonly history: readonly string[],
    private readonly from: number,
    /** What stood in the line before. */
    readonly before: string,
    private direction: -1 | 1,
  ) {
    this.position = from;
    this.line = before;
  }

  get prompt(): string {
    const name = `${this.failed ? 'failed ' : ''}${this.direction < 0 ? 'reverse-' : ''}i-search`;
    return `(${name})\`${this.wanted}': `;
  }

  /** Where in the line it was found, in characters. */
  get offset(): number {
    const at = this.wanted === '' ? -1 : this.line.lastIndexOf(this.wanted);
    return at < 0 ? Array.from(this.line).length : Array.from(this.line.slice(0, at)).length;
  }

  /** One more character; false if nothing fits any more. */
  add(text: string): boolean {
    this.wanted += text;
    return this.find(this.position);
  }

  shorten(): void {
    this.wanted = Array.from(this.wanted).slice(0, -1).join('');
    this.failed = false;
    if (this.wanted === '') {
      this.position = this.from;
      this.line = this.before;
    } else this.find(this.direction < 0 ? this.history.length - 1 : 0);
  }

  /** The next one in a direction. */
  next(direction: -1 | 1): boolean {
    this.direction = direction;
    if (this.wanted === '') return true;
    return this.find(this.position + direction);
  }

  private find(from: number): boolean {
    let at = Math.min(Math.max(from, 0), this.history.length - 1);
    if (from < 0 || (from > this.history.length - 1 && this.direction > 0)) at = -1;
    for (; at >= 0 && at < this.history.length; at += this.direction) {
      if (!this.history[at].includes(this.wanted)) continue;
      this.position = at;
      this.line = this.history[at];
      this.failed = false;
      return true;
    }
    this.failed = true;
    return false;
  }
}

/** A recording grows no larger than this (characters): what comes later is left out. */
const LONGEST = 32_000_000;

/** All that a terminal showed, as asciicast v2: one JSON value a line. */
export class Asciicast {
  private readonly startMs = performance.now();
  private readonly events: string[] = [];
  private size = 0;

  constructor(
    private readonly cols: number,
    private readonly rows: number,
    private readonly title: string,
  ) {}

  output(data: string): void {
    this.add('o', data);
  }

  resize(cols: number, rows: number): void {
    this.add('r', `${cols}x${rows}`);
  }

  /** A place that players can jump to. */
  marker(label: string): void {
    this.add('m', label);
  }

  text(): string {
    const head = {
      version: 2,
      width: this.cols,
      height: this.rows,
      title: this.title,
      env: { TERM: 'xterm-256color' },
    };
    return `${[JSON.stringify(head), ...this.events].join('\n')}\n`;
  }

  private add(code: string, data: string): void {
    if (this.size > LONGEST) return;
    const seconds = Math.round((performance.now() - this.startMs) * 1000) / 1e6;
    const line = JSON.stringify([seconds, code, data]);
    this.size += line.length;
    this.events.push(line);
  }
}

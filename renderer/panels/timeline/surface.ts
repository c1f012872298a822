/** What a timeline is drawn on: the screen, or a picture to save. Sizes are CSS pixels, colours any of CSS. */
export interface Surface {
  readonly width: number;
  readonly height: number;
  rect(x: number, y: number, width: number, height: number, colour: string): void;
  /** Text that begins at x and is cut at `room`; y is its middle. */
  text(text: string, x: number, y: number, room: number, colour: string): void;
  line(x1: number, y1: number, x2: number, y2: number, colour: string, width?: number): void;
  /** A filled line of steps: pairs of x and y. */
  area(points: readonly number[], bottom: number, colour: string): void;
  arrow(x1: number, y1: number, x2: number, y2: number, colour: string): void;
  diamond(x: number, y: number, size: number, colour: string): void;
}

const CHARACTER = 6.6;
/** Text that would be cut to less than this says nothing. */
const LEAST_TEXT = 26;

function cut(text: string, room: number, character: number): string {
  const most = Math.floor(room / character);
  if (text.length <= most) return text;
  return most < 3 ? '' : `${text.slice(0, most - 1)}…`;
}

export class CanvasSurface implements Surface {
  constructor(
    private readonly context: CanvasRenderingContext2D,
    readonly width: number,
    readonly height: number,
    private readonly zoom: number,
  ) {
    context.font = `${11 * zoom}px JetBrains Mono, Menlo, Consolas, DejaVu Sans Mono, monospace`;
    context.textBaseline = 'middle';
  }

  rect(x: number, y: number, width: number, height: number, colour: string): void {
    this.context.fillStyle = colour;
    this.context.fillRect(x, y, width, height);
  }

  text(text: string, x: number, y: number, room: number, colour: string): void {
    if (room < LEAST_TEXT) return;
    this.context.fillStyle = colour;
    this.context.fillText(cut(text, room, CHARACTER * this.zoom), x, y);
  }

  line(x1: number, y1: number, x2: number, y2: number, colour: string, width = 1): void {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }

  area(points: readonly number[], bottom: number, colour: string): void {
    const { context } = this;
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(points[0] ?? 0, bottom);
    for (let at = 0; at + 1 < points.length; at += 2) context.lineTo(points[at] ?? 0, points[at + 1] ?? 0);
    context.lineTo(points.at(-2) ?? 0, bottom);
    context.fill();
  }

  arrow(x1: number, y1: number, x2: number, y2: number, colour: string): void {
    const { context } = this;
    const bend = Math.max(24, Math.abs(x2 - x1) / 3);
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x1, y1);
    context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
    context.stroke();
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x2, y2);
    context.lineTo(x2 - 7, y2 - 4);
    context.lineTo(x2 - 7, y2 + 4);
    context.fill();
  }

  diamond(x: number, y: number, size: number, colour: string): void {
    const { context } = this;
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x, y - size);
    context.lineTo(x + size, y);
    context.lineTo(x, y + size);
    context.lineTo(x - size, y);
    context.fill();
  }
}

/** The same as a picture file. */
export class SvgSurface implements Surface {
  private readonly parts: string[] = [];

  constructor(
    readonly width: number,
    readonly height: number,
    background: string,
  ) {
    this.rect(0, 0, width, height, background);
  }

  rect(x: number, y: number, width: number, height: number, colour: string): void {
    this.parts.push(
      `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" fill="${colour}"/>`,
    );
  }

  text(text: string, x: number, y: number, room: number, colour: string): void {
    if (room < LEAST_TEXT) return;
    this.parts.push(
      `<text x="${number(x)}" y="${number(y + 4)}" fill="${colour}">${escape(cut(text, room, CHARACTER))}</text>`,
    );
  }

  line(x1: number, y1: number, x2: number, y2: number, colour: string, width = 1): void {
    this.parts.push(
      `<path d="M${number(x1)} ${number(y1)}L${number(x2)} ${number(y2)}" stroke="${colour}" stroke-width="${width}"/>`,
    );
  }

  area(points: readonly number[], bottom: number, colour: string): void {
    let path = `M${number(points[0] ?? 0)} ${number(bottom)}`;
    for (let at = 0; at + 1 < points.length; at += 2) {
      path += `L${number(points[at] ?? 0)} ${number(points[at + 1] ?? 0)}`;
    }
    this.parts.push(`<path d="${path}L${number(points.at(-2) ?? 0)} ${number(bottom)}z" fill="${colour}"/>`);
  }

  arrow(x1: number, y1: number, x2: number, y2: number, colour: string): void {
    const bend = Math.max(24, Math.abs(x2 - x1) / 3);
    const [a, b, c, d] = [number(x1 + bend), number(y1), number(x2 - bend), number(y2)];
    this.parts.push(
      `<path d="M${number(x1)} ${b}C${a} ${b} ${c} ${d} ${number(x2)} ${d}" fill="none" stroke="${colour}"/>`,
      `<path d="M${number(x2)} ${d}l-7 -4v8z" fill="${colour}"/>`,
    );
  }

  diamond(x: number, y: number, size: number, colour: string): void {
    this.parts.push(
      `<path d="M${number(x)} ${number(y - size)}l${size} ${size}l-${size} ${size}l-${size} -${size}z" fill="${colour}"/>`,
    );
  }

  toString(): string {
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" `,
      `viewBox="0 0 ${this.width} ${this.height}" font-family="monospace" font-size="11">`,
      ...this.parts,
      '</svg>\n',
    ].join('');
  }
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

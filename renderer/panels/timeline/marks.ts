import { formatDuration } from '../../widgets/format.ts';
import type { Palette } from './palette.ts';
import type { Surface } from './surface.ts';
import type { Bookmark, Measure } from './timeline-state.ts';
import type { Scale } from './viewport.ts';

export interface Marks {
  readonly scale: Scale;
  readonly cursorNs: number | null;
  readonly measure: Measure | null;
  readonly bookmarks: readonly Bookmark[];
  readonly palette: Palette;
  readonly zoom: number;
}

/** The cursor, a measured span, bookmarks: what moves while the tracks stand still. */
export function drawMarks(
  surface: Surface,
  { scale, cursorNs, measure, bookmarks, palette, zoom }: Marks,
): void {
  const { height } = surface;
  for (const { ns, name } of bookmarks) {
    const x = scale.x(ns);
    surface.line(x, 0, x, height, palette.selection, 1);
    surface.text(`▾ ${name}`, x + 3, 8 * zoom, 160 * zoom, palette.selection);
  }
  if (measure !== null) {
    const [from, to] = [scale.x(measure.fromNs), scale.x(measure.toNs)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    surface.rect(from, 0, to - from, height, 'rgb(124 216 255 / 14%)');
    for (const x of [from, to]) surface.line(x, 0, x, height, palette.selection);
    const span = formatDuration(Math.abs(measure.toNs - measure.fromNs));
    surface.text(span, from + 4, 22 * zoom, 200 * zoom, palette.text);
  }
  if (cursorNs !== null) {
    const x = scale.x(cursorNs);
    surface.line(x, 0, x, height, palette.accent, 2);
    surface.rect(x - 4 * zoom, 0, 8 * zoom, 5 * zoom, palette.accent);
  }
}

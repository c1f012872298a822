import type { TraceData } from '../../../app/service/contract/trace.ts';
import { lowerBound, type Lane } from './lanes.ts';
import { colourOf, type Palette } from './palette.ts';
import { LANE_HEIGHT, type Row } from './rows.ts';
import type { Surface } from './surface.ts';
import { ticksOf } from './ticks.ts';
import { Scale, type Viewport } from './viewport.ts';

export interface Scene {
  readonly trace: TraceData;
  readonly rows: readonly Row[];
  readonly view: Viewport;
  /** How far the tracks are scrolled (pixels). */
  readonly scrollY: number;
  readonly zoom: number;
  readonly palette: Palette;
  /** A slice that is marked, or nothing. */
  readonly selected: number | null;
  /** Only slices and instants whose name holds this are drawn in full colour. */
  readonly search: string;
}

/** Draws all tracks that are in sight. The work is bounded by the pixels, not by the events. */
export function drawTracks(surface: Surface, scene: Scene): void {
  const { rows, scrollY, zoom, palette, view } = scene;
  const scale = new Scale(view, surface.width);
  surface.rect(0, 0, surface.width, surface.height, palette.background);
  for (const { ns } of ticksOf(view, surface.width)) {
    const x = Math.round(scale.x(ns)) + 0.5;
    surface.line(x, 0, x, surface.height, palette.border);
  }
  for (const row of rows) {
    const top = row.y * zoom - scrollY;
    if (top > surface.height) break;
    if (top + row.height * zoom < 0) continue;
    drawRow(surface, scene, row, top, scale);
  }
}

function drawRow(surface: Surface, scene: Scene, row: Row, top: number, scale: Scale): void {
  const { palette, zoom } = scene;
  const height = row.height * zoom;
  if (row.track.kind === 'group' || row.track.kind === 'process') {
    surface.rect(0, top, surface.width, height, palette.raised);
  }
  const { content } = row;
  if (content === undefined) return;
  if (content.samples.length > 0) drawCounter(surface, scene, row, top, scale);
  const laneHeight = content.lanes.length > 1 ? LANE_HEIGHT * zoom : height;
  content.lanes.forEach((lane, index) => {
    const y = top + index * laneHeight;
    if (y + laneHeight <= 0 || y > surface.height || y + laneHeight > top + height + 1) return;
    drawLane(surface, scene, lane, y, laneHeight - 2, scale);
  });
  if (content.instants.length > 0) drawInstants(surface, scene, row, top + height / 2, scale);
}

/** Slices of a lane: those of a pixel or more one by one; where they are closer, one rectangle for all of them. */
function drawLane(surface: Surface, scene: Scene, lane: Lane, y: number, height: number, scale: Scale): void {
  const { trace, view, palette, selected, search } = scene;
  const { startNs, endNs, slices } = lane;
  const count = slices.length;
  // The last slice that begins before the window may reach into it.
  let at = Math.max(0, lowerBound(startNs, view.startNs) - 1);
  let denseFrom = -1;
  let denseTo = -1;
  const flush = () => {
    if (denseFrom >= 0) {
      const colour = palette.categories.get('dense') ?? palette.dim;
      surface.rect(denseFrom, y + 2, Math.max(1, denseTo - denseFrom), height - 4, colour);
    }
    denseFrom = -1;
  };
  while (at < count) {
    const start = startNs[at] ?? 0;
    if (start > view.endNs) break;
    const end = endNs[at] ?? start;
    const left = scale.x(start);
    const right = scale.x(end);
    if (right < 0) {
      at++;
      continue;
    }
    if (right - left < 1) {
      const pixel = Math.floor(left);
      if (denseFrom >= 0 && pixel > denseTo + 1) flush();
      if (denseFrom < 0) denseFrom = pixel;
      denseTo = pixel + 1;
      // All others that begin in this pixel look the same, unless one of them is longer than it.
      at = nextToDraw(lane, at + 1, scale.ns(pixel + 1), scale.ns(1) - scale.ns(0));
      continue;
    }
    flush();
    drawSlice(surface, scene, slices[at] ?? 0, left, right, y, height, selected, search, trace, palette);
    at++;
  }
  flush();
}

/** Skips what begins before a time, but for what is longer than a pixel. */
function nextToDraw(lane: Lane, from: number, untilNs: number, pixelNs: number): number {
  const next = lowerBound(lane.startNs, untilNs, from);
  // Slices of a lane do not overlap: only the last one before can be long.
  const last = next - 1;
  if (last < from) return next;
  return (lane.endNs[last] ?? 0) - (lane.startNs[last] ?? 0) >= pixelNs ? last : next;
}

function drawSlice(
  surface: Surface,
  { zoom }: Scene,
  slice: number,
  left: number,
  right: number,
  y: number,
  height: number,
  selected: number | null,
  search: string,
  { strings, slices }: TraceData,
  palette: Palette,
): void {
  const name = strings[slices.name[slice] ?? 0] ?? '';
  const category = strings[slices.category[slice] ?? 0] ?? '';
  const x = Math.max(left, -2);
  const width = Math.min(right, surface.width + 2) - x;
  const dimmed = search !== '' && !name.toLowerCase().includes(search);
  const colour = dimmed ? palette.border : colourOf(palette, category, name);
  // A state is told by its height as well as by its colour.
  const thin =
    category === 'sleeping'
      ? 0.6
      : category === 'blocked' || category === 'wait'
        ? 0.3
        : category === 'runnable'
          ? 0.45
          : 0;
  const inset = height * thin;
  surface.rect(x, y + inset, Math.max(1, width - 1), height - inset, colour);
  if (selected === slice) {
    for (const edge of [y + inset, y + height - 2]) surface.rect(x, edge, width, 2, palette.selection);
    surface.rect(x, y + inset, 2, height - inset, palette.selection);
    surface.rect(x + width - 2, y + inset, 2, height - inset, palette.selection);
  }
  const textColour = thin > 0.5 || dimmed ? palette.text : palette.onData;
  const middle = thin > 0.5 ? y + height * 0.3 : y + inset + (height - inset) / 2;
  surface.text(name, x + 4 * zoom, middle, width - 8 * zoom, textColour);
}

function drawInstants(surface: Surface, scene: Scene, row: Row, y: number, scale: Scale): void {
  const { trace, view, palette, search, zoom } = scene;
  const { content } = row;
  if (content === undefined) return;
  const { instants, instantNs } = content;
  let at = lowerBound(instantNs, view.startNs);
  let textUntil = -Infinity;
  while (at < instants.length && (instantNs[at] ?? 0) <= view.endNs) {
    const x = scale.x(instantNs[at] ?? 0);
    const next = lowerBound(instantNs, scale.ns(Math.floor(x) + 1), at + 1);
    const instant = mostTelling(instants.subarray(at, Math.min(next, at + MOST_LOOKED_AT)), trace);
    const name = trace.strings[trace.instants.name[instant] ?? 0] ?? '';
    const isReport = trace.instants.flags[instant] === 1;
    const dimmed = search !== '' && !name.toLowerCase().includes(search);
    const colour = isReport ? palette.report : dimmed ? palette.border : colourOf(palette, '', name);
    surface.diamond(x, y, (isReport ? 6 : 4) * zoom, colour);
    const room = scale.x(instantNs[next] ?? Infinity) - x - 12 * zoom;
    if (x > textUntil && room > 0) {
      const shown = Math.min(room, 300 * zoom);
      surface.text(name, x + 7 * zoom, y, shown, palette.text);
      textUntil = x;
    }
    at = next;
  }
}

/** Of so many instants in one pixel a report is looked for: drawing must not cost more than the pixels. */
const MOST_LOOKED_AT = 64;

/** What stands for all in a pixel: a report if there is one. */
function mostTelling(together: Uint32Array, { instants }: TraceData): number {
  return together.find((instant) => instants.flags[instant] === 1) ?? together[0] ?? 0;
}

/** A counter as steps: in each pixel the last value counts, so a million samples cost as much as the pixels. */
function drawCounter(surface: Surface, scene: Scene, row: Row, top: number, scale: Scale): void {
  const { trace, view, palette, zoom } = scene;
  const { content } = row;
  if (content === undefined) return;
  const { samples, sampleNs, least, most } = content;
  const height = row.height * zoom - 4;
  const bottom = top + height;
  const span = Math.max(most - least, 1);
  const valueAt = (at: number) => trace.samples.value[samples[at] ?? 0] ?? 0;
  const yOf = (value: number) => bottom - ((value - least) / span) * (height - 8 * zoom);
  let at = Math.max(0, lowerBound(sampleNs, view.startNs) - 1);
  const points: number[] = [];
  let y = yOf(valueAt(at));
  points.push(Math.max(0, scale.x(sampleNs[at] ?? 0)), y);
  while (at < samples.length && (sampleNs[at] ?? 0) <= view.endNs) {
    const x = Math.max(0, scale.x(sampleNs[at] ?? 0));
    const next = lowerBound(sampleNs, scale.ns(Math.floor(x) + 1), at + 1);
    points.push(x, y);
    y = yOf(valueAt(next - 1));
    points.push(x, y);
    at = next;
  }
  points.push(Math.min(surface.width, scale.x(trace.endNs)), y);
  const colour = colourOf(palette, '', row.track.name);
  surface.area(points, bottom, colour);
  surface.text(
    `${most}${row.track.unit === '' ? '' : ` ${row.track.unit}`}`,
    4,
    top + 8 * zoom,
    90,
    palette.dim,
  );
}

/** The axis, on a surface of its own above the tracks. */
export function drawRuler(surface: Surface, view: Viewport, palette: Palette, zoom: number): void {
  const scale = new Scale(view, surface.width);
  surface.rect(0, 0, surface.width, surface.height, palette.raised);
  for (const { ns, label } of ticksOf(view, surface.width)) {
    const x = Math.round(scale.x(ns)) + 0.5;
    surface.line(x, surface.height - 6, x, surface.height, palette.dim);
    surface.text(label, x + 4 * zoom, surface.height / 2, 120 * zoom, palette.dim);
  }
}

import { REPORT, type TraceData } from '../../app/trace/store/trace-data.ts';
import { drawRuler, drawTracks } from '../panels/timeline/draw.ts';
import { drawFlows, flowsOf } from '../panels/timeline/flows.ts';
import { hitAt, type Hit } from '../panels/timeline/hit.ts';
import { contentOf } from '../panels/timeline/lanes.ts';
import { quietGroups } from '../panels/timeline/quiet-groups.ts';
import { rowsOf, totalHeight, type Row } from '../panels/timeline/rows.ts';
import { CanvasSurface } from '../panels/timeline/surface.ts';
import { paletteOfTheme } from '../panels/timeline/theme-palette.ts';
import { around, panned, Scale, whole, zoomed, type Viewport } from '../panels/timeline/viewport.ts';
import { make } from './events.ts';
import { describe } from './describe.ts';

/** How much is shown before and after the first report, to begin with. */
const AROUND_REPORT_NS = 400_000;
const ZOOM = 1.35;
const PAN = 0.18;
const WHEEL_ZOOM = 0.0022;
const RULER_HEIGHT = 26;

/** The timeline of an exported page: the same drawing as the workbench's, without a machine behind it. */
export function timeline(place: HTMLElement, trace: TraceData): { draw(): void } {
  const contents = contentOf(trace);
  let collapsed: ReadonlySet<number> = quietGroups(trace);
  let rows: readonly Row[] = [];
  let view: Viewport = whole(trace);
  let selected: Hit | null = null;
  const report = firstReport(trace);

  const search = make('input', { type: 'search', placeholder: 'Search', ariaLabel: 'Search the timeline' });
  const bar = make('p', { className: 'bar' });
  const ruler = make('canvas', { className: 'ruler' });
  const names = make('div', { className: 'names' });
  const canvas = make('canvas');
  const inner = make('div', { className: 'inner' });
  const area = make('div', { className: 'area', tabIndex: 0 });
  area.setAttribute('role', 'application');
  area.setAttribute(
    'aria-label',
    'Timeline: W and S zoom, A and D move. The trace events are in a table below.',
  );
  const details = make('p', { className: 'details' });
  details.setAttribute('role', 'status');
  inner.append(names, canvas);
  area.append(inner);
  place.replaceChildren(bar, ruler, area, details);

  const button = (text: string, title: string, act: () => void) => {
    const made = make('button', { textContent: text, title, type: 'button' });
    made.addEventListener('click', act);
    bar.append(made);
  };
  const show = (next: Viewport) => {
    view = next;
    later();
  };
  const middle = () => (view.startNs + view.endNs) / 2;
  button('+', 'Zoom in (W)', () => show(zoomed(view, 1 / ZOOM, middle(), trace)));
  button('−', 'Zoom out (S)', () => show(zoomed(view, ZOOM, middle(), trace)));
  button('←', 'Earlier (A)', () => show(panned(view, -PAN, trace)));
  button('→', 'Later (D)', () => show(panned(view, PAN, trace)));
  button('Whole run', 'Show all of it (Home)', () => show(whole(trace)));
  const toReport = () => {
    if (report === null) return;
    show(around(report.ns - AROUND_REPORT_NS, report.ns + AROUND_REPORT_NS, trace));
    // The calls of the task that it is about stand above the report.
    const row = rows.find(({ track }) => track.id === report.track);
    const calls = rows.find(({ track }) => track.parent === row?.track.parent && track.kind === 'task-calls');
    if (row !== undefined) area.scrollTop = Math.max(0, (calls ?? row).y - 60);
  };
  if (report !== null) button('To the report', 'Show the time around the first report (R)', toReport);
  bar.append(search, make('span', { className: 'dim', textContent: 'Ctrl+wheel zooms, dragging moves' }));
  search.addEventListener('input', later);

  const keys: Readonly<Record<string, () => void>> = {
    w: () => show(zoomed(view, 1 / ZOOM, middle(), trace)),
    s: () => show(zoomed(view, ZOOM, middle(), trace)),
    a: () => show(panned(view, -PAN, trace)),
    d: () => show(panned(view, PAN, trace)),
    ArrowLeft: () => show(panned(view, -PAN, trace)),
    ArrowRight: () => show(panned(view, PAN, trace)),
    Home: () => show(whole(trace)),
    r: toReport,
  };
  area.addEventListener('keydown', (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });

  const scaleNow = () => new Scale(view, canvas.clientWidth);
  area.addEventListener('scroll', later);
  area.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
      event.preventDefault();
      const x = event.clientX - canvas.getBoundingClientRect().left;
      if (event.shiftKey) show(panned(view, event.deltaY / canvas.clientWidth, trace));
      else show(zoomed(view, Math.exp(event.deltaY * WHEEL_ZOOM), scaleNow().ns(x), trace));
    },
    { passive: false },
  );
  let drag: { x: number; ns: number; moved: boolean } | null = null;
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.offsetX, ns: scaleNow().ns(event.offsetX), moved: false };
  });
  canvas.addEventListener('pointermove', (event) => {
    if (drag === null || (!drag.moved && Math.abs(event.offsetX - drag.x) < 4)) return;
    drag.moved = true;
    const share = (drag.ns - scaleNow().ns(event.offsetX)) / (view.endNs - view.startNs);
    show(panned(view, share, trace));
  });
  canvas.addEventListener('pointerup', (event) => {
    if (drag !== null && !drag.moved) {
      selected = hitAt(rows, event.offsetX, event.offsetY + area.scrollTop, scaleNow());
      details.textContent = selected === null ? '' : describe(trace, selected);
      later();
    }
    drag = null;
  });

  const layOut = () => {
    rows = rowsOf({ tracks: trace.tracks, contents, collapsed, pinned: new Set(), filter: '' });
    inner.style.height = `${totalHeight(rows)}px`;
    names.replaceChildren(...rows.map(nameOf));
    draw();
  };
  const nameOf = ({ track, y, height, level, collapsed: folds }: Row): HTMLElement => {
    const name = make(folds === null ? 'span' : 'button', {
      className: 'name',
      title: track.description || track.name,
    });
    name.textContent = `${folds === null ? '' : folds ? '▸ ' : '▾ '}${track.name}`;
    name.style.top = `${y}px`;
    name.style.height = `${height}px`;
    name.style.paddingLeft = `${6 + level * 12}px`;
    if (folds !== null) {
      name.setAttribute('aria-expanded', String(!folds));
      name.addEventListener('click', () => {
        const next = new Set(collapsed);
        if (!next.delete(track.id)) next.add(track.id);
        collapsed = next;
        layOut();
      });
    }
    return name;
  };

  let frame = 0;
  function later(): void {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  }
  function draw(): void {
    const palette = paletteOfTheme();
    const width = area.clientWidth - names.clientWidth;
    const height = area.clientHeight;
    const surface = surfaceOf(canvas, width, height);
    if (surface === null) return;
    const slice = selected?.kind === 'slice' ? selected.index : null;
    const scene = {
      ...{ trace, rows, view, scrollY: area.scrollTop, zoom: 1, palette },
      ...{ selected: slice, search: search.value.trim().toLowerCase() },
    };
    drawTracks(surface, scene);
    if (slice !== null) {
      const { track, startNs, endNs } = trace.slices;
      const flows = flowsOf(trace, track[slice] ?? 0, startNs[slice] ?? 0, endNs[slice] ?? 0);
      drawFlows(surface, flows, { ...scene, scale: new Scale(view, width) });
    }
    const above = surfaceOf(ruler, width, RULER_HEIGHT);
    ruler.style.marginLeft = `${names.clientWidth}px`;
    if (above !== null) drawRuler(above, view, palette, 1);
  }

  layOut();
  toReport();
  new ResizeObserver(later).observe(area);
  return { draw };
}

/** A canvas of a size, ready to be drawn on; sharp on screens with more pixels than points. */
function surfaceOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasSurface | null {
  const context = canvas.getContext('2d');
  if (context === null || width <= 0) return null;
  const ratio = devicePixelRatio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return new CanvasSurface(context, width, height, 1);
}

function firstReport({ instants }: TraceData): { ns: number; track: number } | null {
  const at = instants.flags.findIndex((flags) => (flags & REPORT) !== 0);
  return at < 0 ? null : { ns: instants.timeNs[at] ?? 0, track: instants.track[at] ?? 0 };
}

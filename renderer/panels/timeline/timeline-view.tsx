import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import type { TraceData } from '../../../app/service/contract/trace.ts';
import { onTheme } from '../../state/apply-settings.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Controls } from './controls.tsx';
import { Details } from './details.tsx';
import { drawRuler, drawTracks } from './draw.ts';
import { drawFlows, flowsOf, flowAt, type Flow } from './flows.ts';
import { hitAt, stepOf, type Hit } from './hit.ts';
import { keysOf } from './keys.ts';
import type { TrackContent } from './lanes.ts';
import { drawMarks } from './marks.ts';
import { paletteOfTheme } from './theme-palette.ts';
import { rowsOf, totalHeight, type Row } from './rows.ts';
import type { CanvasSurface } from './surface.ts';
import type { TimelineStore } from './timeline-state.ts';
import { TrackNames } from './track-names.tsx';
import { useCanvas } from './use-canvas.ts';
import { useGestures } from './use-gestures.ts';
import { useSize } from './use-size.ts';
import { useThemeVersion } from './use-theme-version.ts';
import { Scale, showing } from './viewport.ts';

interface Props {
  readonly trace: TraceData;
  readonly contents: ReadonlyMap<number, TrackContent>;
  readonly store: TimelineStore;
}

const NO_FLOWS: readonly Flow[] = [];
const MOST_FLOWS = 200;

/** Tracks with their names, the axis above, details below; two canvases, so that the cursor moves alone. */
export function TimelineView({ trace, contents, store }: Props) {
  const workbench = useWorkbench();
  const state = useStore(store);
  const { view, scrollY, collapsed, pinned, filter, search, selection, measure, bookmarks, allFlows } = state;
  const settings = useSelector((all) => all.settings);
  const zoom = settings.zoom * (settings.presenting ? 1.35 : 1);
  const cursorNs = useCursorNs(trace);
  const theme = useThemeVersion(onTheme);
  const palette = useMemo(() => paletteOfTheme(), [theme]);

  const area = useRef<HTMLDivElement>(null);
  const tracksCanvas = useRef<HTMLCanvasElement>(null);
  const marksCanvas = useRef<HTMLCanvasElement>(null);
  const rulerCanvas = useRef<HTMLCanvasElement>(null);
  const ruler = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const rulerSize = useSize(ruler);

  const rows = useMemo(
    () => rowsOf({ tracks: trace.tracks, contents, collapsed, pinned, filter }),
    [trace, contents, collapsed, pinned, filter],
  );
  const scale = useMemo(() => new Scale(view, size.width), [view, size.width]);
  const selectedSlice = selection?.kind === 'slice' ? selection.index : null;
  const flows = useMemo(() => {
    if (allFlows) return someFlows(trace);
    if (selection?.kind !== 'slice') return NO_FLOWS;
    const { track, startNs, endNs } = trace.slices;
    const at = selection.index;
    return flowsOf(trace, track[at] ?? 0, startNs[at] ?? 0, endNs[at] ?? 0);
  }, [trace, selection, allFlows]);

  const scene = useMemo(
    () => ({
      trace,
      rows,
      view,
      scrollY,
      zoom,
      palette,
      selected: selectedSlice,
      search: search.toLowerCase(),
    }),
    [trace, rows, view, scrollY, zoom, palette, selectedSlice, search],
  );
  useCanvas(
    tracksCanvas,
    size,
    zoom,
    useCallback(
      (surface: CanvasSurface) => {
        drawTracks(surface, scene);
        drawFlows(surface, flows, { ...scene, scale });
      },
      [scene, flows, scale],
    ),
  );
  useCanvas(
    rulerCanvas,
    rulerSize,
    zoom,
    useCallback((surface: CanvasSurface) => drawRuler(surface, view, palette, zoom), [view, palette, zoom]),
  );
  useCanvas(
    marksCanvas,
    size,
    zoom,
    useCallback(
      (surface: CanvasSurface) => drawMarks(surface, { scale, cursorNs, measure, bookmarks, palette, zoom }),
      [scale, cursorNs, measure, bookmarks, palette, zoom],
    ),
  );

  // The cursor stays in sight, wherever it was moved from, and so does the task that acted.
  useEffect(() => {
    if (cursorNs === null) return;
    const { view: now } = store.getState();
    const next = showing(now, cursorNs, trace);
    if (next !== now) store.setState({ view: next });
  }, [cursorNs, store, trace]);
  const actor = useActor(trace);
  const { height } = size;
  useEffect(() => {
    const row = actor === null || height === 0 ? undefined : rowOfTask(rows, actor);
    if (row === undefined) return;
    const { scrollY: now } = store.getState();
    const top = row.y * zoom;
    if (top >= now && top + 40 <= now + height) return;
    store.setState({ scrollY: Math.max(0, Math.min(totalHeight(rows) * zoom - height, top - height / 4)) });
  }, [actor, rows, store, zoom, height]);

  const most = Math.max(0, totalHeight(rows) * zoom - size.height);
  const select = (hit: Hit | null) => {
    store.setState({ selection: hit });
    if (hit === null) return;
    const step = stepOf(trace, hit);
    if (step !== null) workbench.runs.moveTo(step);
    const task = hit.row.track.task;
    if (task !== null) workbench.set({ selectedTask: task });
  };
  useGestures(area, {
    store,
    bounds: trace,
    mostScroll: most,
    hitAt: (x, y) => hitAt(rows, x, (y + store.getState().scrollY) / zoom, scale),
    select,
  });

  return (
    <div className="timeline" onKeyDown={keysOf({ store, trace, rows, select, width: size.width })}>
      <Controls trace={trace} store={store} scene={scene} size={size} select={select} rows={rows} />
      <div className="timeline-ruler-row">
        <div className="timeline-corner">Time since power on</div>
        <div ref={ruler} className="timeline-ruler">
          <canvas ref={rulerCanvas} aria-hidden="true" />
        </div>
      </div>
      <div className="timeline-main">
        <TrackNames
          rows={rows}
          store={store}
          scrollY={Math.min(scrollY, most)}
          zoom={zoom}
          height={size.height}
        />
        <div
          ref={area}
          className="timeline-area"
          role="application"
          tabIndex={0}
          aria-label="Timeline: W and S zoom, A and D move, Enter goes to the next match. The Events panel has the same as a table."
        >
          <canvas ref={tracksCanvas} aria-hidden="true" />
          <canvas ref={marksCanvas} className="timeline-marks" aria-hidden="true" />
        </div>
      </div>
      <Details trace={trace} store={store} flows={flows} />
    </div>
  );
}

/** The virtual time of the cursor's step. */
function useCursorNs(trace: TraceData): number | null {
  const cursor = useSelector((state) => state.cursor);
  if (cursor === null) return null;
  const { timeNs } = trace.steps;
  if (timeNs.length === 0) return null;
  // Step n has been performed: its own time is that of the n-th operation, counted from one.
  return cursor === 0 ? trace.startNs : (timeNs[Math.min(cursor, timeNs.length) - 1] ?? trace.endNs);
}

/** The task that performed the cursor's step. */
function useActor(trace: TraceData): number | null {
  const cursor = useSelector((state) => state.cursor);
  return cursor === null || cursor === 0 ? null : (trace.steps.task[cursor - 1] ?? null);
}

/** Where a task's calls are; its group, if that is folded. */
function rowOfTask(rows: readonly Row[], task: number): Row | undefined {
  const own = rows.filter(({ track }) => track.task === task);
  return own.find(({ track }) => track.kind === 'task-calls') ?? own[0];
}

function someFlows(trace: TraceData): Flow[] {
  const count = Math.min(trace.flows.kind.length, MOST_FLOWS);
  return Array.from({ length: count }, (_, index) => flowAt(trace, index));
}

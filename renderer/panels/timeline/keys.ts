import type { KeyboardEvent } from 'react';
import type { TraceData } from '../../../app/service/contract/trace.ts';
import type { Hit } from './hit.ts';
import type { Row } from './rows.ts';
import { selectMatch } from './matches.ts';
import type { TimelineState, TimelineStore } from './timeline-state.ts';
import { around, panned, whole, zoomed, type Viewport } from './viewport.ts';

interface Context {
  readonly store: TimelineStore;
  readonly trace: TraceData;
  readonly rows: readonly Row[];
  readonly width: number;
  readonly select: (hit: Hit | null) => void;
}

const ZOOM = 1.35;
const PAN = 0.18;
const SCROLL = 60;

/** Perfetto's keys: W and S zoom, A and D (or arrows) move, F shows the selection, M measures it. */
export function keysOf(context: Context): (event: KeyboardEvent) => void {
  return (event) => {
    const target = event.target as HTMLElement;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const change = changeOf(event.key, event.shiftKey, context);
    if (change === null) return;
    event.preventDefault();
    context.store.setState(change);
  };
}

function changeOf(
  key: string,
  shift: boolean,
  { store, trace, rows, select }: Context,
): Partial<TimelineState> | null {
  const state = store.getState();
  const { view } = state;
  const middle = (view.startNs + view.endNs) / 2;
  const shown = (next: Viewport) => ({ view: next });
  switch (key) {
    case 'w':
    case '+':
      return shown(zoomed(view, 1 / ZOOM, middle, trace));
    case 's':
    case '-':
      return shown(zoomed(view, ZOOM, middle, trace));
    case 'a':
    case 'ArrowLeft':
      return shown(panned(view, -PAN, trace));
    case 'd':
    case 'ArrowRight':
      return shown(panned(view, PAN, trace));
    case 'ArrowUp':
      return { scrollY: Math.max(0, state.scrollY - SCROLL) };
    case 'ArrowDown':
      return { scrollY: state.scrollY + SCROLL };
    case 'Home':
      return shown(whole(trace));
    case 'f': {
      const span = spanOf(state.selection, trace);
      return span === null ? null : shown(around(span.fromNs, span.toNs, trace));
    }
    case 'm': {
      const span = spanOf(state.selection, trace);
      return span === null ? null : { measure: state.measure === null ? span : null };
    }
    case 'b': {
      const span = spanOf(state.selection, trace);
      const ns = span?.fromNs ?? middle;
      return { bookmarks: [...state.bookmarks, { ns, name: String(state.bookmarks.length + 1) }] };
    }
    case 'Enter':
      selectMatch(shift ? -1 : 1, { store, trace, rows, select });
      return {};
    case 'Escape':
      return { selection: null, measure: null };
    default:
      return null;
  }
}

function spanOf(
  selection: Hit | null,
  { slices, instants }: TraceData,
): { fromNs: number; toNs: number } | null {
  if (selection?.kind === 'slice') {
    return { fromNs: slices.startNs[selection.index] ?? 0, toNs: slices.endNs[selection.index] ?? 0 };
  }
  if (selection?.kind === 'instant') {
    const ns = instants.timeNs[selection.index] ?? 0;
    return { fromNs: ns, toNs: ns };
  }
  return null;
}

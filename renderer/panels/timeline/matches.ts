import type { TraceData } from '../../../app/service/contract/trace.ts';
import { findAll, type Match } from './find.ts';
import type { Hit } from './hit.ts';
import type { Row } from './rows.ts';
import type { TimelineStore } from './timeline-state.ts';
import { showing } from './viewport.ts';

interface Context {
  readonly store: TimelineStore;
  readonly trace: TraceData;
  readonly rows: readonly Row[];
  readonly select: (hit: Hit | null) => void;
}

/** Selects the next thing that the search finds after the selection, or the one before. */
export function selectMatch(direction: 1 | -1, { store, trace, rows, select }: Context): void {
  const { search, selection, view } = store.getState();
  const matches = findAll(trace, search);
  if (matches.length === 0) return;
  const at = matches.findIndex(({ kind, index }) => selection?.kind === kind && selection.index === index);
  const next = matches[(at + direction + matches.length) % matches.length];
  if (next === undefined) return;
  const row = rows.find(({ track }) => track.id === trackOf(trace, next));
  if (row === undefined) return;
  store.setState({ view: showing(view, next.ns, trace), scrollY: Math.max(0, row.y - 80) });
  select({ kind: next.kind, index: next.index, row });
}

function trackOf({ slices, instants }: TraceData, { kind, index }: Match): number | undefined {
  return kind === 'slice' ? slices.track[index] : instants.track[index];
}

import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Hit } from './hit.ts';
import type { Viewport } from './viewport.ts';

/** A span that is measured, in either direction. */
export interface Measure {
  readonly fromNs: number;
  readonly toNs: number;
}

export interface Bookmark {
  readonly ns: number;
  readonly name: string;
}

/** What one timeline shows of its trace, and how. */
export interface TimelineState {
  readonly view: Viewport;
  readonly scrollY: number;
  readonly collapsed: ReadonlySet<number>;
  readonly pinned: ReadonlySet<number>;
  readonly filter: string;
  readonly search: string;
  readonly selection: Hit | null;
  readonly hover: { readonly x: number; readonly y: number; readonly hit: Hit } | null;
  readonly measure: Measure | null;
  readonly bookmarks: readonly Bookmark[];
  readonly allFlows: boolean;
}

export type TimelineStore = StoreApi<TimelineState>;

export function createTimeline(view: Viewport, collapsed: ReadonlySet<number>): TimelineStore {
  return createStore(() => ({
    view,
    scrollY: 0,
    collapsed,
    pinned: new Set<number>(),
    filter: '',
    search: '',
    selection: null,
    hover: null,
    measure: null,
    bookmarks: [],
    allFlows: false,
  }));
}

/** The set with one member more, or without it. */
export function toggled(set: ReadonlySet<number>, member: number): ReadonlySet<number> {
  const next = new Set(set);
  if (!next.delete(member)) next.add(member);
  return next;
}

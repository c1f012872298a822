import type { Track } from '../../../app/service/contract/trace.ts';
import type { TrackContent } from './lanes.ts';

/** One track as it stands on the screen, from the top of all tracks on (CSS pixels at zoom 1). */
export interface Row {
  readonly track: Track;
  readonly content: TrackContent | undefined;
  readonly y: number;
  readonly height: number;
  readonly level: number;
  readonly pinned: boolean;
  /** Null for a track that has none below it. */
  readonly collapsed: boolean | null;
}

export interface Wishes {
  readonly tracks: readonly Track[];
  readonly contents: ReadonlyMap<number, TrackContent>;
  readonly collapsed: ReadonlySet<number>;
  readonly pinned: ReadonlySet<number>;
  /** Part of a name; tracks above one that matches are shown too. */
  readonly filter: string;
}

export const LANE_HEIGHT = 18;
const GAP = 4;
const HEIGHTS: Readonly<Partial<Record<Track['kind'], number>>> = {
  cpu: 22,
  'task-state': 18,
  'task-events': 18,
  counter: 38,
  group: 24,
  process: 24,
};
/** Calls go deep; below this they are seen by zooming in on the task. */
const MOST_LANES = 24;

/** The tracks from top to bottom: pinned ones first, then groups with theirs. */
export function rowsOf({ tracks, contents, collapsed, pinned, filter }: Wishes): Row[] {
  const shown = matching(tracks, filter);
  const below = new Map<number | null, Track[]>();
  for (const track of tracks) {
    if (!shown.has(track.id)) continue;
    const siblings = below.get(track.parent) ?? [];
    siblings.push(track);
    below.set(track.parent, siblings);
  }
  const rows: Row[] = [];
  let y = 0;
  const add = (track: Track, level: number, isPinned: boolean): void => {
    const content = contents.get(track.id);
    const children = below.get(track.id) ?? [];
    const height = heightOf(track, content);
    rows.push({
      ...{ track, content, y, height, level, pinned: isPinned },
      collapsed: children.length === 0 ? null : collapsed.has(track.id),
    });
    y += height + GAP;
    if (isPinned || collapsed.has(track.id)) return;
    for (const child of children) if (!pinned.has(child.id)) add(child, level + 1, false);
  };
  for (const track of tracks) if (pinned.has(track.id) && shown.has(track.id)) add(track, 0, true);
  for (const track of below.get(null) ?? []) if (!pinned.has(track.id)) add(track, 0, false);
  return rows;
}

export function totalHeight(rows: readonly Row[]): number {
  const last = rows.at(-1);
  return last === undefined ? 0 : last.y + last.height + GAP;
}

/** The row at a height; -1 between rows. */
export function rowAt(rows: readonly Row[], y: number): number {
  let [low, high] = [0, rows.length - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row === undefined) return -1;
    if (y < row.y) high = middle - 1;
    else if (y >= row.y + row.height) low = middle + 1;
    else return middle;
  }
  return -1;
}

function heightOf(track: Track, content: TrackContent | undefined): number {
  const fixed = HEIGHTS[track.kind];
  const lanes = Math.min(content?.lanes.length ?? 0, MOST_LANES);
  return Math.max(fixed ?? LANE_HEIGHT, lanes * LANE_HEIGHT);
}

function matching(tracks: readonly Track[], filter: string): ReadonlySet<number> {
  const wanted = filter.trim().toLowerCase();
  const byId = new Map(tracks.map((track) => [track.id, track]));
  const shown = new Set<number>();
  const matches = new Set<number>();
  for (const track of tracks) {
    const own = wanted === '' || `${track.name} ${track.kind}`.toLowerCase().includes(wanted);
    // What stands below a track that matches is shown with it; parents come before their children.
    if (!own && !(track.parent !== null && matches.has(track.parent))) continue;
    matches.add(track.id);
    for (
      let at: Track | undefined = track;
      at !== undefined;
      at = at.parent === null ? undefined : byId.get(at.parent)
    ) {
      shown.add(at.id);
    }
  }
  return shown;
}

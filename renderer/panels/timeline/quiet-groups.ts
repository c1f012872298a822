import type { TraceData } from '../../../app/service/contract/trace.ts';

/** Groups that begin collapsed: processes in which nothing much happened. */
export function quietGroups({ tracks, slices }: TraceData): ReadonlySet<number> {
  const parentOf = new Map(tracks.map(({ id, parent }) => [id, parent]));
  const busy = new Map<number, number>();
  for (const track of slices.track) {
    const parent = parentOf.get(track);
    if (parent !== null && parent !== undefined) busy.set(parent, (busy.get(parent) ?? 0) + 1);
  }
  const quiet = tracks.filter(({ id, kind }) => kind === 'process' && (busy.get(id) ?? 0) < 12);
  return new Set(quiet.map(({ id }) => id));
}

import type { TraceData } from '../../../app/service/contract/trace.ts';

/** One thing that a search has found. */
export interface Match {
  readonly kind: 'slice' | 'instant';
  readonly index: number;
  readonly ns: number;
}

const MOST_MATCHES = 10_000;

/** All slices and instants whose name or detail holds a text, in the order of time. */
export function findAll({ strings, slices, instants }: TraceData, text: string): Match[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  // Each name is looked at once, not each event.
  const names = new Set<number>();
  strings.forEach((name, index) => {
    if (name.toLowerCase().includes(wanted)) names.add(index);
  });
  const matches: Match[] = [];
  for (let index = 0; index < slices.name.length && matches.length < MOST_MATCHES; index++) {
    if (names.has(slices.name[index] ?? 0) || names.has(slices.detail[index] ?? 0)) {
      matches.push({ kind: 'slice', index, ns: slices.startNs[index] ?? 0 });
    }
  }
  for (let index = 0; index < instants.name.length && matches.length < 2 * MOST_MATCHES; index++) {
    if (names.has(instants.name[index] ?? 0) || names.has(instants.detail[index] ?? 0)) {
      matches.push({ kind: 'instant', index, ns: instants.timeNs[index] ?? 0 });
    }
  }
  return matches.sort((a, b) => a.ns - b.ns);
}

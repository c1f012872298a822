import type { TraceData } from './trace-data.ts';

/** The part of a trace between two moments: slices that reach into it are cut, arrows that leave it are dropped. */
export function windowOf(trace: TraceData, fromNs: number | null, toNs: number | null): TraceData {
  if (fromNs === null && toNs === null) return trace;
  const from = Math.max(fromNs ?? trace.startNs, trace.startNs);
  const to = Math.max(from, Math.min(toNs ?? trace.endNs, trace.endNs));
  const { slices, instants, samples, flows } = trace;
  const inside = (at: number) => at >= from && at <= to;
  const keptSlices = rows(slices.track.length, (i) => slices.startNs[i] <= to && slices.endNs[i] >= from);
  const keptFlows = rows(flows.kind.length, (i) => inside(flows.fromNs[i]) && inside(flows.toNs[i]));
  const cut = pick(slices, keptSlices);
  for (let i = 0; i < keptSlices.length; i++) {
    cut.startNs[i] = Math.max(cut.startNs[i], from);
    cut.endNs[i] = Math.min(cut.endNs[i], to);
  }
  return {
    ...trace,
    startNs: from,
    endNs: to,
    slices: cut,
    instants: pick(
      instants,
      rows(instants.track.length, (i) => inside(instants.timeNs[i])),
    ),
    samples: pick(
      samples,
      rows(samples.track.length, (i) => inside(samples.timeNs[i])),
    ),
    flows: pick(flows, keptFlows),
  };
}

type Columns = Readonly<Record<string, { readonly length: number; [index: number]: number }>>;

function rows(length: number, keep: (row: number) => boolean): number[] {
  const kept: number[] = [];
  for (let i = 0; i < length; i++) if (keep(i)) kept.push(i);
  return kept;
}

function pick<Table extends { [Name in keyof Table]: Columns[string] }>(
  table: Table,
  kept: readonly number[],
): Table {
  const picked: Partial<Record<keyof Table, unknown>> = {};
  for (const name of Object.keys(table) as (keyof Table)[]) {
    const column = table[name];
    const next = new (column.constructor as new (length: number) => { [index: number]: number })(kept.length);
    for (let i = 0; i < kept.length; i++) next[i] = column[kept[i]];
    picked[name] = next;
  }
  return picked as Table;
}

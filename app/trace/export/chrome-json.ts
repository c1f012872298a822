import { flowKinds, NO_STEP, REPORT, type TraceData, type Track } from '../store/trace-data.ts';
import { lanesOf } from './nesting.ts';

/** Lanes of one track have numbers next to each other. */
const LANES = 64;

interface Event {
  ph: string;
  pid: number;
  tid: number;
  name: string;
  [key: string]: unknown;
}

/**
 * A trace as Chrome's trace event format, which Perfetto, speedscope, Firefox Profiler and others read. Groups of
 * tracks stand as processes, tracks as threads. The step is among the arguments of each event.
 */
export function toChromeJson(trace: TraceData): string {
  const events: Event[] = [];
  const pids = processesOf(trace, events);
  const at = (track: number, row = 0) => ({
    pid: pids.get(track) ?? 0,
    tid: track * LANES + Math.min(row, LANES - 1),
  });
  const { strings, slices, instants, samples, flows } = trace;
  const text = (index: number) => strings[index] ?? '';
  const stepOf = (step: number) => (step === NO_STEP ? {} : { step });

  for (const [index, { id, name, kind, parent }] of trace.tracks.entries()) {
    if (kind === 'group') continue;
    const above = trace.tracks.find((track) => track.id === parent);
    const label = above?.kind === 'process' ? `${above.name} ${name}` : name;
    events.push({ ph: 'M', ...at(id), name: 'thread_name', args: { name: label, kind } });
    events.push({ ph: 'M', ...at(id), name: 'thread_sort_index', args: { sort_index: index } });
  }
  for (const { track, row, slices: rows } of lanesOf(trace)) {
    if (row > 0) {
      const { name } = trace.tracks.find(({ id }) => id === track) ?? { name: '' };
      events.push({ ph: 'M', ...at(track, row), name: 'thread_name', args: { name } });
    }
    for (const i of rows) {
      events.push({
        ...{
          ph: 'X',
          ...at(track, row),
          name: text(slices.name[i]),
          cat: text(slices.category[i]) || 'slice',
        },
        ts: slices.startNs[i] / 1000,
        dur: (slices.endNs[i] - slices.startNs[i]) / 1000,
        args: { ...detailOf(text(slices.detail[i])), ...stepOf(slices.step[i]) },
      });
    }
  }
  for (let i = 0; i < instants.track.length; i++) {
    const report = (instants.flags[i] & REPORT) !== 0;
    events.push({
      ...{
        ph: 'i',
        ...at(instants.track[i]),
        name: text(instants.name[i]),
        cat: report ? 'report' : 'event',
      },
      ...{ s: report ? 'g' : 't', ts: instants.timeNs[i] / 1000 },
      args: { ...detailOf(text(instants.detail[i])), ...stepOf(instants.step[i]) },
    });
  }
  const names = new Map(trace.tracks.map(({ id, name }) => [id, name]));
  for (let i = 0; i < samples.track.length; i++) {
    const track = samples.track[i];
    const name = names.get(track) ?? '';
    events.push({
      ph: 'C',
      ...at(track),
      name,
      ts: samples.timeNs[i] / 1000,
      args: { value: samples.value[i] },
    });
  }
  for (let i = 0; i < flows.kind.length; i++) {
    const flow = { name: flowKinds[flows.kind[i]], cat: 'flow', id: i + 1 };
    events.push({ ph: 's', ...at(flows.fromTrack[i]), ...flow, ts: flows.fromNs[i] / 1000 });
    events.push({ ph: 'f', bp: 'e', ...at(flows.toTrack[i]), ...flow, ts: flows.toNs[i] / 1000 });
  }
  const lines = events.map((event) => JSON.stringify(event));
  return `{"displayTimeUnit":"ns","otherData":{"title":${JSON.stringify(trace.title)}},"traceEvents":[\n${lines.join(',\n')}\n]}\n`;
}

function detailOf(detail: string): { detail?: string } {
  return detail === '' ? {} : { detail };
}

/** The top group of each track, as a process. */
function processesOf({ tracks }: TraceData, events: Event[]): Map<number, number> {
  const byId = new Map(tracks.map((track) => [track.id, track]));
  const top = (track: Track): Track => {
    const parent = track.parent === null ? undefined : byId.get(track.parent);
    return parent === undefined ? track : top(parent);
  };
  const pids = new Map<number, number>();
  const processes = new Map<number, number>();
  for (const track of tracks) {
    const { id, name } = top(track);
    let pid = processes.get(id);
    if (pid === undefined) {
      pid = processes.size + 1;
      processes.set(id, pid);
      events.push({ ph: 'M', pid, tid: 0, name: 'process_name', args: { name } });
      events.push({ ph: 'M', pid, tid: 0, name: 'process_sort_index', args: { sort_index: pid } });
    }
    pids.set(track.id, pid);
  }
  return pids;
}

import { TraceBuilder, type Moment } from '../store/builder.ts';
import { NO_STEP, type TraceData } from '../store/trace-data.ts';
import { ImportError, MOST_EVENTS } from './import-error.ts';

/** `   25.277245 |   0)     sh-63      |   6.901 us    |        __might_resched();` */
const LINE =
  /^\s*(\d+)\.(\d{6,9}) \|\s+(\d+)\)\s+(?:(.{1,64}?)-(\d+)\s+\|)?\s*(?:[$@*#!+] )?\s*(?:([\d.]+) us)?\s*\| {2}( *)(.*)$/;

interface Open {
  readonly slice: number;
  readonly name: string;
}

interface Lane {
  readonly calls: number;
  readonly events: number;
  readonly open: Open[];
}

/** Reads a trace of the function_graph tracer that has absolute times (option funcgraph-abstime). */
export function importFunctionGraph(text: string, title: string): TraceData {
  const builder = new TraceBuilder();
  const tasks = builder.track({ kind: 'group', name: 'Tasks' });
  const lanes = new Map<string, Lane>();
  let startNs = Infinity;
  let endNs = 0;
  let events = 0;
  for (const raw of text.split('\n')) {
    const match = events < MOST_EVENTS ? LINE.exec(raw) : null;
    if (match === null) continue;
    events++;
    const [, seconds, fraction, cpu, comm, pid, us, , body] = match as unknown as (string | undefined)[];
    const ns = Number(seconds) * 1e9 + Number((fraction ?? '').padEnd(9, '0'));
    const durNs = us === undefined ? 0 : Number(us) * 1000;
    startNs = Math.min(startNs, ns);
    const who = comm === undefined ? `CPU${cpu ?? ''}` : `${comm.trim()}/${pid ?? ''}`;
    let lane = lanes.get(who);
    if (lane === undefined)
      lanes.set(who, (lane = newLane(builder, tasks, who, pid === undefined ? null : Number(pid))));
    endNs = Math.max(endNs, line(builder, lane, { ns, step: NO_STEP }, durNs, (body ?? '').trim()));
  }
  if (events === 0) {
    throw new ImportError(
      `${title}: the lines of this function_graph trace have no times`,
      'record it with `echo funcgraph-abstime > trace_options`, and funcgraph-proc to see the tasks',
    );
  }
  return builder.finish(title, startNs, endNs);
}

function newLane(builder: TraceBuilder, parent: number, name: string, pid: number | null): Lane {
  const group = builder.track({ parent, kind: 'process', name, task: pid, pid });
  return {
    calls: builder.track({ parent: group, kind: 'task-calls', name: 'calls', task: pid, pid }),
    events: builder.track({ parent: group, kind: 'task-events', name: 'events', task: pid, pid }),
    open: [],
  };
}

/** Takes in one line; the result is the moment up to which it reaches. */
function line(builder: TraceBuilder, lane: Lane, at: Moment, durNs: number, body: string): number {
  const entry = /^([\w.$:]+)\((?:.*)\)(;| \{)/.exec(body);
  if (entry !== null) {
    const [, name, end] = entry;
    const slice = builder.open(lane.calls, at, { name, category: 'function' }, lane.open.length);
    if (end !== ';') {
      lane.open.push({ slice, name });
      return at.ns;
    }
    builder.close(slice, { ns: at.ns + durNs, step: NO_STEP });
    return at.ns + durNs;
  }
  if (body.startsWith('}')) {
    // A function that was entered before the trace began has no slice to end.
    const top = lane.open.pop();
    if (top !== undefined) builder.close(top.slice, at);
    return at.ns;
  }
  const comment = /^\/\* (?:([\w:]+): )?(.*) \*\/$/.exec(body);
  if (comment !== null) builder.instant(lane.events, at, comment[1] ?? 'comment', comment[2]);
  return at.ns;
}

import { TraceBuilder, type Moment } from '../store/builder.ts';
import {
  flowKinds,
  NO_STEP,
  REPORT,
  trackKinds,
  type FlowKind,
  type TraceData,
  type TrackKind,
} from '../store/trace-data.ts';
import { ImportError, MOST_EVENTS } from './import-error.ts';

interface Event {
  readonly ph?: unknown;
  readonly name?: unknown;
  readonly cat?: unknown;
  readonly ts?: unknown;
  readonly dur?: unknown;
  readonly pid?: unknown;
  readonly tid?: unknown;
  readonly id?: unknown;
  readonly args?: unknown;
}

/** Could this be Chrome's trace event format: a list of events, or an object with one? */
export function looksLikeChromeJson(text: string): boolean {
  const head = text.slice(0, 65_536).trimStart();
  return head.startsWith('[') || (head.startsWith('{') && head.includes('"traceEvents"'));
}

/** Reads Chrome's trace event format, as Perfetto and others write it. */
export function importChromeJson(text: string, title: string): TraceData {
  const events = eventsIn(text, title);
  const reader = new ChromeImport(title);
  for (const event of events.slice(0, MOST_EVENTS))
    if (isObject(event) && event.ph === 'M') reader.metadata(event);
  const timed = events
    .slice(0, MOST_EVENTS)
    .filter((event): event is Event => isObject(event) && typeof event.ts === 'number' && event.ph !== 'M');
  if (timed.length === 0) {
    throw new ImportError(
      `${title}: it holds no event with a time`,
      'open a trace in the Chrome trace event format',
    );
  }
  timed.sort((a, b) => (a.ts as number) - (b.ts as number));
  for (const event of timed) reader.event(event);
  return reader.finish();
}

function eventsIn(text: string, title: string): readonly unknown[] {
  const trimmed = text.trim();
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch {
    // A list may lack its end: the writer was stopped.
    try {
      value = JSON.parse(`${trimmed.replace(/,\s*$/, '')}]`);
    } catch (error) {
      throw new ImportError(`${title}: no JSON: ${(error as Error).message}`, 'was the file cut off?');
    }
  }
  const list = isObject(value) ? (value as { traceEvents?: unknown }).traceEvents : value;
  if (!Array.isArray(list)) {
    throw new ImportError(
      `${title}: it has no "traceEvents"`,
      'open a trace in the Chrome trace event format',
    );
  }
  return list;
}

interface Lane {
  readonly track: number;
  readonly open: { readonly slice: number; readonly endNs: number }[];
}

class ChromeImport {
  private readonly builder = new TraceBuilder();
  private readonly processNames = new Map<string, string>();
  private readonly threads = new Map<string, { name?: string; kind?: TrackKind }>();
  private readonly groups = new Map<string, number>();
  private readonly lanes = new Map<string, Lane>();
  private readonly counters = new Map<string, number>();
  private readonly asyncs = new Map<string, number>();
  private readonly flows = new Map<string, { readonly track: number; readonly at: Moment }>();
  private startNs = Infinity;
  private endNs = 0;

  constructor(private readonly title: string) {}

  metadata(event: Event): void {
    const args = isObject(event.args) ? (event.args as Record<string, unknown>) : {};
    const name = typeof args['name'] === 'string' ? args['name'] : undefined;
    if (name === undefined) return;
    if (event.name === 'process_name') this.processNames.set(key(event.pid), name);
    if (event.name === 'thread_name') {
      const kind = trackKinds.find((each) => each === args['kind']);
      this.threads.set(threadKey(event), { name, ...(kind === undefined ? {} : { kind }) });
    }
  }

  event(event: Event): void {
    const ns = (event.ts as number) * 1000;
    if (!Number.isFinite(ns)) return;
    this.startNs = Math.min(this.startNs, ns);
    this.endNs = Math.max(this.endNs, ns);
    const at: Moment = { ns, step: stepOf(event) };
    switch (event.ph) {
      case 'X': {
        const durNs = typeof event.dur === 'number' && event.dur > 0 ? event.dur * 1000 : 0;
        this.endNs = Math.max(this.endNs, ns + durNs);
        const lane = this.laneOf(event);
        this.unwind(lane, ns);
        const slice = this.builder.open(lane.track, at, sliceText(event), lane.open.length);
        this.builder.close(slice, { ns: ns + durNs, step: NO_STEP });
        lane.open.push({ slice, endNs: ns + durNs });
        return;
      }
      case 'B': {
        const lane = this.laneOf(event);
        this.unwind(lane, ns);
        const slice = this.builder.open(lane.track, at, sliceText(event), lane.open.length);
        lane.open.push({ slice, endNs: Infinity });
        return;
      }
      case 'E': {
        const lane = this.laneOf(event);
        this.unwind(lane, ns);
        const top = lane.open.pop();
        if (top !== undefined) this.builder.close(top.slice, at);
        return;
      }
      case 'i':
      case 'I':
      case 'n':
        this.builder.instant(
          this.laneOf(event).track,
          at,
          textOf(event.name),
          detailOf(event),
          event.cat === 'report' ? REPORT : 0,
        );
        return;
      case 'C':
        this.counter(event, at);
        return;
      case 'b':
        this.asyncs.set(asyncKey(event), this.builder.open(this.asyncTrack(event), at, sliceText(event)));
        return;
      case 'e': {
        const slice = this.asyncs.get(asyncKey(event));
        if (slice !== undefined) this.builder.close(slice, at);
        this.asyncs.delete(asyncKey(event));
        return;
      }
      case 's':
        this.flows.set(asyncKey(event), { track: this.laneOf(event).track, at });
        return;
      case 't':
      case 'f': {
        const from = this.flows.get(asyncKey(event));
        const { track } = this.laneOf(event);
        if (from !== undefined) this.builder.flow(flowKindOf(event), from.track, from.at, track, at);
        if (event.ph === 't') this.flows.set(asyncKey(event), { track, at });
        else this.flows.delete(asyncKey(event));
        return;
      }
      default:
    }
  }

  finish(): TraceData {
    return this.builder.finish(this.title, this.startNs, this.endNs);
  }

  /** What has ended lies around nothing any more. */
  private unwind(lane: Lane, ns: number): void {
    for (let top = lane.open.at(-1); top !== undefined && top.endNs <= ns; top = lane.open.at(-1))
      lane.open.pop();
  }

  private counter(event: Event, at: Moment): void {
    const args = isObject(event.args) ? Object.entries(event.args) : [];
    for (const [series, value] of args) {
      if (typeof value !== 'number') continue;
      const name = series === 'value' ? textOf(event.name) : `${textOf(event.name)} ${series}`;
      const counterKey = `${key(event.pid)} ${name}`;
      let track = this.counters.get(counterKey);
      if (track === undefined) {
        track = this.builder.track({ parent: this.groupOf(event), kind: 'counter', name });
        this.counters.set(counterKey, track);
      }
      this.builder.sample(track, at, value);
    }
  }

  private asyncTrack(event: Event): number {
    return this.laneOf({ ...event, tid: `${textOf(event.cat)} ${textOf(event.name)}` }).track;
  }

  private laneOf(event: Event): Lane {
    const laneKey = threadKey(event);
    let lane = this.lanes.get(laneKey);
    if (lane === undefined) {
      const { name, kind } = this.threads.get(laneKey) ?? {};
      const track = this.builder.track({
        parent: this.groupOf(event),
        kind: kind ?? 'task-calls',
        name: name ?? `thread ${key(event.tid)}`,
        ...(kind === 'cpu' ? { cpu: this.lanes.size } : {}),
      });
      this.lanes.set(laneKey, (lane = { track, open: [] }));
    }
    return lane;
  }

  private groupOf({ pid }: Event): number {
    const groupKey = key(pid);
    let group = this.groups.get(groupKey);
    if (group === undefined) {
      group = this.builder.track({
        kind: 'group',
        name: this.processNames.get(groupKey) ?? `process ${groupKey}`,
      });
      this.groups.set(groupKey, group);
    }
    return group;
  }
}

function isObject(value: unknown): value is Event {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const key = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const threadKey = ({ pid, tid }: Event): string => `${key(pid)} ${key(tid)}`;
const asyncKey = ({ cat, id, ph }: Event): string =>
  `${'bne'.includes(String(ph)) ? 'a' : 'f'} ${textOf(cat)} ${key(id)}`;
const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 1000) : '');

function sliceText(event: Event) {
  return { name: textOf(event.name), category: textOf(event.cat), detail: detailOf(event) };
}

function detailOf({ args }: Event): string {
  if (!isObject(args)) return '';
  const { detail, step: _step, ...rest } = args as Record<string, unknown>;
  if (typeof detail === 'string' && Object.keys(rest).length === 0) return detail.slice(0, 1000);
  const text = Object.keys(args).length === 0 || Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
  return text.slice(0, 1000);
}

function stepOf(_event: Event): number {
  // Steps of another run mean nothing here.
  return NO_STEP;
}

function flowKindOf({ name }: Event): FlowKind {
  return flowKinds.find((kind) => kind === name) ?? 'wakeup';
}

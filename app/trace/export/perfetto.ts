import { PbfWriter } from 'pbf';
import { flowKinds, NO_STEP, REPORT, type TraceData, type Track } from '../store/trace-data.ts';
import { bracket, lanesOf } from './nesting.ts';

// Fields by number, as in Perfetto's protos/perfetto/trace (v58).
const PACKET = { timestamp: 8, sequence: 10, flags: 13, trackEvent: 11, trackDescriptor: 60, taskState: 117 };
const TRACK = { uuid: 1, name: 2, parent: 5, counter: 8, childOrdering: 11, rank: 12, description: 14 };
const EVENT = {
  annotation: 4,
  type: 9,
  track: 11,
  categories: 22,
  name: 23,
  counter: 44,
  flow: 47,
  endOfFlow: 48,
};
const ANNOTATION = { uint: 3, string: 6, name: 10 };
const TASK_STATE = { cpu: 1, comm: 2, tid: 3, state: 4 };
const TYPE = { begin: 1, end: 2, instant: 3, counter: 4 };
const EXPLICIT_ORDER = 3;
const UNITS: Readonly<Record<string, number>> = { bytes: 3 };
const COUNT = 2;

/** Kernel task states, which Perfetto draws as scheduling tracks. */
const STATES: Readonly<Record<string, number>> = {
  runnable: 2,
  running: 3,
  sleeping: 4,
  blocked: 5,
  ended: 7,
};

/** All packets are of one sequence; it begins with a clean state. */
const SEQUENCE = 1;
const CLEARED = 1;

/** Rows of a track that lie side by side are tracks of one name, which Perfetto shows merged. */
const ROWS = 64;

/** A trace for ui.perfetto.dev. Each event carries its step. */
export function toPerfetto(trace: TraceData): Uint8Array<ArrayBuffer> {
  const file = new PerfettoFile();
  const { strings, slices, instants, samples, flows } = trace;
  const lanes = lanesOf(trace);
  trace.tracks.forEach((track, rank) => {
    file.track(uuidOf(track.id, 0), track.parent === null ? null : uuidOf(track.parent, 0), track, rank);
  });
  const byId = new Map(trace.tracks.map((track) => [track.id, track]));
  for (const { track, row } of lanes) {
    const described = byId.get(track);
    if (row > 0 && described !== undefined) {
      file.track(
        uuidOf(track, row),
        described.parent === null ? null : uuidOf(described.parent, 0),
        described,
        track,
      );
    }
  }
  for (const lane of lanes) {
    const uuid = uuidOf(lane.track, lane.row);
    bracket(trace, lane, {
      begin: (i) => {
        file.event(slices.startNs[i], TYPE.begin, uuid, {
          name: strings[slices.name[i]],
          category: strings[slices.category[i]],
          detail: strings[slices.detail[i]],
          step: slices.step[i],
        });
      },
      end: (_i, atNs) => {
        file.event(atNs, TYPE.end, uuid, {});
      },
    });
  }
  for (let i = 0; i < instants.track.length; i++) {
    file.event(instants.timeNs[i], TYPE.instant, uuidOf(instants.track[i], 0), {
      name: strings[instants.name[i]],
      category: (instants.flags[i] & REPORT) === 0 ? 'event' : 'report',
      detail: strings[instants.detail[i]],
      step: instants.step[i],
    });
  }
  for (let i = 0; i < samples.track.length; i++) {
    file.event(samples.timeNs[i], TYPE.counter, uuidOf(samples.track[i], 0), { value: samples.value[i] });
  }
  for (let i = 0; i < flows.kind.length; i++) {
    // Instants are the only points that an arrow is sure to meet.
    const name = flowKinds[flows.kind[i]];
    const from = { name, category: 'flow', step: flows.fromStep[i], flow: i + 1 };
    const to = { name, category: 'flow', step: flows.toStep[i], endOfFlow: i + 1 };
    file.event(flows.fromNs[i], TYPE.instant, uuidOf(flows.fromTrack[i], 0), from);
    file.event(flows.toNs[i], TYPE.instant, uuidOf(flows.toTrack[i], 0), to);
  }
  taskStates(trace, file);
  return file.finish();
}

/** Real scheduling tracks, out of the state and CPU tracks. */
function taskStates({ tracks, slices, strings }: TraceData, file: PerfettoFile): void {
  const byId = new Map(tracks.map((track) => [track.id, track]));
  const byTask = new Map(tracks.filter(({ kind }) => kind === 'process').map((track) => [track.task, track]));
  for (let i = 0; i < slices.track.length; i++) {
    const track = byId.get(slices.track[i]);
    if (track?.kind === 'cpu') {
      const task = byTask.get(Number(strings[slices.detail[i]]));
      if (task !== undefined && task.pid !== null)
        file.taskState(slices.startNs[i], task.pid, task.name, STATES['running'], track.cpu);
    } else if (track?.kind === 'task-state') {
      const task = byTask.get(track.task);
      const state = STATES[strings[slices.name[i]]];
      if (task !== undefined && task.pid !== null && state !== undefined && state !== STATES['running']) {
        file.taskState(slices.startNs[i], task.pid, task.name, state, null);
      }
    }
  }
}

function uuidOf(track: number, row: number): number {
  return (track + 1) * ROWS + Math.min(row, ROWS - 1);
}

interface EventParts {
  readonly name?: string;
  readonly category?: string;
  readonly detail?: string;
  readonly step?: number;
  readonly value?: number;
  readonly flow?: number;
  readonly endOfFlow?: number;
}

class PerfettoFile {
  private readonly out = new PbfWriter();
  private first = true;

  track(uuid: number, parent: number | null, track: Track, rank: number): void {
    this.packet(null, (packet) => {
      packet.writeMessage(PACKET.trackDescriptor, writeTrack, { uuid, parent, track, rank });
    });
  }

  event(atNs: number, type: number, track: number, parts: EventParts): void {
    this.packet(atNs, (packet) => {
      packet.writeMessage(PACKET.trackEvent, writeEvent, { type, track, parts });
    });
  }

  taskState(atNs: number, tid: number, comm: string, state: number, cpu: number | null): void {
    this.packet(atNs, (packet) => {
      packet.writeMessage(PACKET.taskState, writeTaskState, { tid, comm, state, cpu });
    });
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.out.finish().slice();
  }

  private packet(atNs: number | null, write: (packet: PbfWriter) => void): void {
    const { first } = this;
    this.first = false;
    this.out.writeMessage(1, writePacket, { atNs, first, write });
  }
}

interface Packet {
  readonly atNs: number | null;
  readonly first: boolean;
  readonly write: (packet: PbfWriter) => void;
}

function writePacket({ atNs, first, write }: Packet, out: PbfWriter): void {
  if (atNs !== null) out.writeVarintField(PACKET.timestamp, Math.round(atNs));
  out.writeVarintField(PACKET.sequence, SEQUENCE);
  if (first) out.writeVarintField(PACKET.flags, CLEARED);
  write(out);
}

interface TrackParts {
  readonly uuid: number;
  readonly parent: number | null;
  readonly track: Track;
  readonly rank: number;
}

function writeTrack({ uuid, parent, track, rank }: TrackParts, out: PbfWriter): void {
  out.writeVarintField(TRACK.uuid, uuid);
  out.writeStringField(TRACK.name, track.name);
  if (parent !== null) out.writeVarintField(TRACK.parent, parent);
  if (track.kind === 'counter') out.writeMessage(TRACK.counter, writeUnit, track.unit);
  out.writeVarintField(TRACK.childOrdering, EXPLICIT_ORDER);
  out.writeVarintField(TRACK.rank, rank);
  if (track.description !== '') out.writeStringField(TRACK.description, track.description);
}

function writeUnit(unit: string, out: PbfWriter): void {
  out.writeVarintField(3, UNITS[unit] ?? COUNT);
}

interface EventMessage {
  readonly type: number;
  readonly track: number;
  readonly parts: EventParts;
}

function writeEvent({ type, track, parts }: EventMessage, out: PbfWriter): void {
  const { name, category, detail, step, value, flow, endOfFlow } = parts;
  out.writeVarintField(EVENT.type, type);
  out.writeVarintField(EVENT.track, track);
  if (name !== undefined) out.writeStringField(EVENT.name, name);
  if (category !== undefined && category !== '') out.writeStringField(EVENT.categories, category);
  if (value !== undefined) out.writeDoubleField(EVENT.counter, value);
  if (detail !== undefined && detail !== '') out.writeMessage(EVENT.annotation, writeText, detail);
  if (step !== undefined && step !== NO_STEP) out.writeMessage(EVENT.annotation, writeStep, step);
  if (flow !== undefined) out.writeFixed64Field(EVENT.flow, flow);
  if (endOfFlow !== undefined) out.writeFixed64Field(EVENT.endOfFlow, endOfFlow);
}

function writeText(detail: string, out: PbfWriter): void {
  out.writeStringField(ANNOTATION.name, 'detail');
  out.writeStringField(ANNOTATION.string, detail);
}

function writeStep(step: number, out: PbfWriter): void {
  out.writeStringField(ANNOTATION.name, 'step');
  out.writeVarintField(ANNOTATION.uint, step);
}

interface TaskState {
  readonly tid: number;
  readonly comm: string;
  readonly state: number;
  readonly cpu: number | null;
}

function writeTaskState({ tid, comm, state, cpu }: TaskState, out: PbfWriter): void {
  if (cpu !== null) out.writeVarintField(TASK_STATE.cpu, cpu);
  out.writeStringField(TASK_STATE.comm, comm);
  out.writeVarintField(TASK_STATE.tid, tid);
  out.writeVarintField(TASK_STATE.state, state);
}

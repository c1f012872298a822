import { NO_STEP, type TraceData, type Track } from '../../app/service/contract/trace.ts';

const TASKS = 40;
const DEPTH = 6;
const NAMES = 200;
/** Of ten events so many are slices, and so many instants; the others are samples of counters. */
const [SLICES, INSTANTS] = [7, 2];
const COUNTERS = 8;

/** A trace as a long recording leaves behind: nested calls of many tasks, events beside them, counters. */
export function bigTrace(events: number): TraceData {
  const slices = Math.floor((events * SLICES) / 10);
  const instants = Math.floor((events * INSTANTS) / 10);
  const samples = events - slices - instants;
  const strings = ['', ...Array.from({ length: NAMES }, (_, index) => `function_${index}`)];
  const endNs = events * 100;
  const nameOf = (index: number) => 1 + ((index * 7919) % NAMES);

  const columns = {
    track: new Uint32Array(slices),
    startNs: new Float64Array(slices),
    endNs: new Float64Array(slices),
    name: new Uint32Array(slices),
    category: new Uint32Array(slices),
    detail: new Uint32Array(slices),
    depth: new Uint16Array(slices),
    step: new Uint32Array(slices).fill(NO_STEP),
    endStep: new Uint32Array(slices).fill(NO_STEP),
  };
  // A round is one slice of each task at one depth; a call covers the rounds below it.
  const roundNs = (endNs * TASKS) / slices;
  for (let index = 0; index < slices; index++) {
    const round = Math.floor(index / TASKS);
    const depth = round % DEPTH;
    columns.track[index] = 1 + 3 * (index % TASKS);
    columns.startNs[index] = round * roundNs + (index % TASKS);
    columns.endNs[index] = columns.startNs[index] + roundNs * (DEPTH - depth) - 2;
    columns.name[index] = nameOf(index);
    columns.depth[index] = depth;
  }
  return {
    version: 1,
    title: `${events} events`,
    startNs: 0,
    endNs,
    strings,
    tracks: tracks(),
    slices: columns,
    instants: {
      track: Uint32Array.from({ length: instants }, (_, index) => 2 + 3 * (index % TASKS)),
      timeNs: Float64Array.from({ length: instants }, (_, index) => (index * endNs) / instants),
      name: Uint32Array.from({ length: instants }, (_, index) => nameOf(index)),
      detail: new Uint32Array(instants),
      step: new Uint32Array(instants).fill(NO_STEP),
      flags: new Uint8Array(instants),
    },
    samples: {
      track: Uint32Array.from({ length: samples }, (_, index) => 3 * TASKS + (index % COUNTERS)),
      timeNs: Float64Array.from({ length: samples }, (_, index) => (index * endNs) / samples),
      value: Float64Array.from({ length: samples }, (_, index) => (index * 31) % 977),
      step: new Uint32Array(samples).fill(NO_STEP),
    },
    flows: {
      kind: new Uint8Array(),
      fromTrack: new Uint32Array(),
      fromNs: new Float64Array(),
      fromStep: new Uint32Array(),
      toTrack: new Uint32Array(),
      toNs: new Float64Array(),
      toStep: new Uint32Array(),
    },
    steps: { timeNs: new Float64Array(), task: new Int32Array() },
  };
}

function tracks(): Track[] {
  const base = { parent: null, task: null, pid: null, cpu: null, unit: '', description: '' };
  const list: Track[] = [];
  for (let task = 0; task < TASKS; task++) {
    const id = 3 * task;
    list.push({ ...base, id, kind: 'process', name: `task/${task}`, pid: task + 1 });
    list.push({ ...base, id: id + 1, parent: id, kind: 'task-calls', name: 'calls', pid: task + 1 });
    list.push({ ...base, id: id + 2, parent: id, kind: 'task-events', name: 'events', pid: task + 1 });
  }
  for (let counter = 0; counter < COUNTERS; counter++) {
    list.push({ ...base, id: 3 * TASKS + counter, kind: 'counter', name: `counter_${counter}` });
  }
  return list;
}

import { NO_STEP, type TraceData, type Track } from '../../../../app/service/contract/trace.ts';

export interface TestSlice {
  readonly track: number;
  readonly name: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly depth?: number;
}

/** A small trace from tracks, slices, and instants as `[track, name, ns]`. */
export function traceOf(
  tracks: readonly (Partial<Track> & { id: number })[],
  slices: readonly TestSlice[],
  instants: readonly (readonly [track: number, name: string, ns: number])[] = [],
): TraceData {
  const strings = [''];
  const intern = (text: string): number => {
    const at = strings.indexOf(text);
    return at >= 0 ? at : strings.push(text) - 1;
  };
  const times = [
    ...slices.flatMap(({ startNs, endNs }) => [startNs, endNs]),
    ...instants.map(([, , ns]) => ns),
  ];
  const zeros = new Uint32Array(slices.length);
  return {
    version: 1,
    title: 'test',
    startNs: times.reduce((a, b) => Math.min(a, b), Infinity),
    endNs: times.reduce((a, b) => Math.max(a, b), -Infinity),
    tracks: tracks.map((track) => ({
      parent: null,
      kind: 'task-calls',
      name: `track ${track.id}`,
      task: null,
      pid: null,
      cpu: null,
      unit: '',
      description: '',
      ...track,
    })),
    slices: {
      track: Uint32Array.from(slices, ({ track }) => track),
      startNs: Float64Array.from(slices, ({ startNs }) => startNs),
      endNs: Float64Array.from(slices, ({ endNs }) => endNs),
      name: Uint32Array.from(slices, ({ name }) => intern(name)),
      category: zeros,
      detail: zeros,
      depth: Uint16Array.from(slices, ({ depth = 0 }) => depth),
      step: Uint32Array.from(slices, (_, index) => index),
      endStep: Uint32Array.from(slices, () => NO_STEP),
    },
    instants: {
      track: Uint32Array.from(instants, ([track]) => track),
      timeNs: Float64Array.from(instants, ([, , ns]) => ns),
      name: Uint32Array.from(instants, ([, name]) => intern(name)),
      detail: new Uint32Array(instants.length),
      step: Uint32Array.from(instants, () => NO_STEP),
      flags: new Uint8Array(instants.length),
    },
    samples: {
      track: new Uint32Array(),
      timeNs: new Float64Array(),
      value: new Float64Array(),
      step: new Uint32Array(),
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
    // Names are interned while the columns are made, so the list comes last.
    strings,
  };
}

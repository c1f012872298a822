/** What a track shows. */
export const trackKinds = [
  'cpu',
  'task-state',
  'task-calls',
  'task-events',
  'lock',
  'srcu',
  'timer',
  'counter',
  'process',
  'group',
] as const;
export type TrackKind = (typeof trackKinds)[number];

/** What an arrow says: who let whom go on. */
export const flowKinds = ['wakeup', 'lock', 'callback', 'free-use'] as const;
export type FlowKind = (typeof flowKinds)[number];

/** Stands where a step would be, in a trace that was not run here. */
export const NO_STEP = 0xffff_ffff;

/** The flag of an instant that is a report. */
export const REPORT = 1;

export interface Track {
  id: number;
  parent: number | null;
  kind: TrackKind;
  name: string;
  /** The task of the track, as in inspections; null for others. */
  task: number | null;
  pid: number | null;
  cpu: number | null;
  /** Unit of a counter: pages, bytes, or nothing. */
  unit: string;
  description: string;
}

type F64 = Float64Array<ArrayBuffer>;
type U32 = Uint32Array<ArrayBuffer>;
type I32 = Int32Array<ArrayBuffer>;
type U16 = Uint16Array<ArrayBuffer>;
type U8 = Uint8Array<ArrayBuffer>;

/**
 * A whole trace as columns. Times are virtual nanoseconds; steps are operations. The rows of each table are sorted by
 * time, so that a window is found by bisection and drawn without looking at the rest.
 */
export interface TraceData {
  version: 1;
  title: string;
  startNs: number;
  endNs: number;
  /** Names, categories and details, by index; 0 is the empty string. */
  strings: string[];
  tracks: Track[];
  /** An open slice ends at `endNs`. `step` is that of its start. */
  slices: {
    track: U32;
    startNs: F64;
    endNs: F64;
    name: U32;
    category: U32;
    detail: U32;
    depth: U16;
    step: U32;
    endStep: U32;
  };
  instants: { track: U32; timeNs: F64; name: U32; detail: U32; step: U32; flags: U8 };
  samples: { track: U32; timeNs: F64; value: F64; step: U32 };
  /** `kind` is an index into flowKinds. Sorted by where they begin. */
  flows: { kind: U8; fromTrack: U32; fromNs: F64; fromStep: U32; toTrack: U32; toNs: F64; toStep: U32 };
  /** By step, from 0, which is before the first: its time and its task (-1 for none). */
  steps: { timeNs: F64; task: I32 };
}

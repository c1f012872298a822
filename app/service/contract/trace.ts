import { z } from 'zod';
import { trackKinds, type TraceData, type Track } from '../../trace/store/trace-data.ts';

export { flowKinds, NO_STEP, REPORT, trackKinds } from '../../trace/store/trace-data.ts';
export type { TraceData, Track };

/** A whole trace as columns: what the timeline draws. Times are virtual nanoseconds; steps are operations. */

const f64 = z.instanceof(Float64Array);
const u32 = z.instanceof(Uint32Array);
const i32 = z.instanceof(Int32Array);
const u16 = z.instanceof(Uint16Array);
const u8 = z.instanceof(Uint8Array);

export const trackSchema = z.strictObject({
  id: z.number().int(),
  parent: z.number().int().nullable(),
  kind: z.enum(trackKinds),
  name: z.string(),
  /** The task of the track, as in inspections; null for others. */
  task: z.number().int().nullable(),
  pid: z.number().int().nullable(),
  cpu: z.number().int().nullable(),
  /** Unit of a counter: pages, bytes, or nothing. */
  unit: z.string(),
  description: z.string(),
});

export const traceSchema: z.ZodType<TraceData> = z.strictObject({
  version: z.literal(1),
  title: z.string(),
  startNs: z.number(),
  endNs: z.number(),
  /** Names, categories and details, by index; 0 is the empty string. */
  strings: z.array(z.string()),
  tracks: z.array(trackSchema),
  /** Sorted by start. An open slice ends at `endNs`. `step` is that of its start; NO_STEP for imported traces. */
  slices: z.strictObject({
    track: u32,
    startNs: f64,
    endNs: f64,
    name: u32,
    category: u32,
    detail: u32,
    depth: u16,
    step: u32,
    endStep: u32,
  }),
  /** Sorted by time. `flags` marks reports (1). */
  instants: z.strictObject({ track: u32, timeNs: f64, name: u32, detail: u32, step: u32, flags: u8 }),
  /** Sorted by time. */
  samples: z.strictObject({ track: u32, timeNs: f64, value: f64, step: u32 }),
  /** Arrows, sorted by where they begin. `kind` is an index into flowKinds. */
  flows: z.strictObject({
    kind: u8,
    fromTrack: u32,
    fromNs: f64,
    fromStep: u32,
    toTrack: u32,
    toNs: f64,
    toStep: u32,
  }),
  /** Per step: its time and its task (id as in inspections; -1 for none). */
  steps: z.strictObject({ timeNs: f64, task: i32 }),
});

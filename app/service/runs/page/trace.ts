import { gzipSync } from 'fflate';
import type { RunSession } from '../../../debug/session.ts';
import type { TraceData } from '../../../trace/store/trace-data.ts';
import { windowOf } from '../../../trace/store/window.ts';
import { encodeFrame } from '../../contract/frame.ts';

/** More slices, events and samples than these make a page that mail does not take. */
const MOST_ROWS = 400_000;

export interface PageTrace {
  /** A frame of the workbench's own messages, packed with gzip, in base64. */
  readonly data: string;
  /** The part of the run that it covers is not the whole. */
  readonly cut: boolean;
}

/** The trace for the timeline of a page: of a long run the part around its first report, or its end. */
export function pageTrace({ recording: { trace, reports } }: RunSession): PageTrace {
  const shown = bounded(trace, reports.at(0)?.nowNs ?? trace.endNs);
  // The timeline needs no steps: they lead back into the machine, and there is none in a page.
  const steps = { timeNs: new Float64Array(), task: new Int32Array() };
  const packed = gzipSync(encodeFrame({ ...shown, steps }), { mtime: 0 });
  return { data: Buffer.from(packed).toString('base64'), cut: shown !== trace };
}

function bounded(trace: TraceData, middleNs: number): TraceData {
  let shown = trace;
  for (let spanNs = trace.endNs - trace.startNs; rowsIn(shown) > MOST_ROWS && spanNs > 1; spanNs /= 2) {
    shown = windowOf(trace, middleNs - spanNs / 2, middleNs + spanNs / 2);
  }
  return shown;
}

function rowsIn({ slices, instants, samples }: TraceData): number {
  return slices.track.length + instants.track.length + samples.track.length;
}

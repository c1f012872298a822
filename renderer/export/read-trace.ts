import { decodeFrame } from '../../app/service/contract/frame.ts';
import type { TraceData } from '../../app/trace/store/trace-data.ts';

/** The trace out of a page: a frame of the workbench's messages, packed with gzip, in base64. */
export async function readTrace(base64: string): Promise<TraceData> {
  const packed = Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const frame = new Uint8Array(await new Response(stream).arrayBuffer());
  // Written by the same workbench as this script: the page is one piece.
  return decodeFrame(frame) as TraceData;
}

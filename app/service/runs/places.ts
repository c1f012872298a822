import type { Inspection } from '../../debug/inspect/inspection.ts';
import type { KernelSettings } from '../contract/scenario.ts';
import type { Sources } from '../scenario/sources.ts';

/** Fills in where functions are written, for frames whose exact line nobody could tell. */
export function withPlaces(
  inspection: Inspection,
  sources: Sources,
  kernel: KernelSettings | null,
): Inspection {
  for (const { stack } of inspection.tasks) {
    for (const frame of stack) {
      if (frame.file !== null) continue;
      const place = sources.find(frame.function, kernel?.tree, kernel?.patches);
      frame.file = place?.file ?? null;
      frame.line = place?.line ?? null;
    }
  }
  return inspection;
}

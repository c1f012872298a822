import type { TraceData } from '../../app/trace/store/trace-data.ts';
import type { Hit } from '../panels/timeline/hit.ts';
import { formatDuration, formatStamp } from '../widgets/format.ts';

/** What has been clicked, in a line. */
export function describe({ strings, slices, instants, samples }: TraceData, hit: Hit): string {
  const { track } = hit.row;
  const text = (index: number | undefined) => strings[index ?? 0] ?? '';
  const at = (ns: number | undefined) => `at ${formatStamp(ns ?? 0).trim()} s`;
  const parts: string[] = [];
  switch (hit.kind) {
    case 'slice': {
      const start = slices.startNs[hit.index] ?? 0;
      const length = formatDuration((slices.endNs[hit.index] ?? start) - start);
      parts.push(text(slices.name[hit.index]), track.name, at(start), length, text(slices.detail[hit.index]));
      break;
    }
    case 'instant':
      parts.push(text(instants.name[hit.index]), track.name, at(instants.timeNs[hit.index]));
      parts.push(text(instants.detail[hit.index]));
      break;
    case 'sample':
      parts.push(`${track.name} = ${samples.value[hit.index] ?? 0} ${track.unit}`.trim());
      parts.push(at(samples.timeNs[hit.index]));
      break;
    case 'row':
      parts.push(track.name, track.description);
  }
  return parts.filter((part) => part !== '').join(' · ');
}

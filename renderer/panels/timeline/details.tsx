import { useStore } from 'zustand';
import type { TraceData } from '../../../app/service/contract/trace.ts';
import { useWorkbench } from '../../state/workbench.ts';
import { formatDuration, formatStamp } from '../../widgets/format.ts';
import { Icon } from '../../widgets/icon.tsx';
import { FLOW_NAMES, type Flow } from './flows.ts';
import { stepOf, type Hit } from './hit.ts';
import type { TimelineStore } from './timeline-state.ts';

interface Props {
  readonly trace: TraceData;
  readonly store: TimelineStore;
  readonly flows: readonly Flow[];
}

/** What the pointer is on, or what is selected: in words. */
export function Details({ trace, store, flows }: Props) {
  const { selection, hover, measure } = useStore(store);
  const hit = selection ?? hover?.hit ?? null;
  return (
    <div className="timeline-details" aria-live="polite">
      {measure !== null && (
        <span className="badge">
          <Icon name="arrow-both" /> {formatDuration(Math.abs(measure.toNs - measure.fromNs))}
        </span>
      )}
      {hit === null ? (
        <span className="dim">
          Click an event: the cursor goes there. W/S zoom, A/D move, Shift+drag measures, B bookmarks, F shows
          the selection.
        </span>
      ) : (
        <HitDetails trace={trace} hit={hit} />
      )}
      {selection !== null && flows.length > 0 && <FlowLinks trace={trace} flows={flows} />}
    </div>
  );
}

function HitDetails({ trace, hit }: { trace: TraceData; hit: Hit }) {
  const { strings, slices, instants, samples } = trace;
  const { track } = hit.row;
  const step = stepOf(trace, hit);
  const at = <span className="dim">{step === null ? '' : `step ${step}`}</span>;
  switch (hit.kind) {
    case 'slice': {
      const start = slices.startNs[hit.index] ?? 0;
      const end = slices.endNs[hit.index] ?? 0;
      return (
        <>
          <strong className="mono">{strings[slices.name[hit.index] ?? 0]}</strong>
          <span>{track.name}</span>
          <span className="mono">
            {formatStamp(start).trim()} s, {formatDuration(end - start)}
          </span>
          <span>{strings[slices.detail[hit.index] ?? 0]}</span>
          {at}
        </>
      );
    }
    case 'instant':
      return (
        <>
          <strong className="mono">{strings[instants.name[hit.index] ?? 0]}</strong>
          <span>{track.name}</span>
          <span className="mono">{formatStamp(instants.timeNs[hit.index] ?? 0).trim()} s</span>
          <span className="mono">{strings[instants.detail[hit.index] ?? 0]}</span>
          {at}
        </>
      );
    case 'sample':
      return (
        <>
          <strong className="mono">
            {track.name} = {samples.value[hit.index]} {track.unit}
          </strong>
          <span className="mono">since {formatStamp(samples.timeNs[hit.index] ?? 0).trim()} s</span>
          {at}
        </>
      );
    case 'row':
      return (
        <>
          <strong>{track.name}</strong>
          <span className="dim">{track.description}</span>
        </>
      );
  }
}

function FlowLinks({ trace, flows }: { trace: TraceData; flows: readonly Flow[] }) {
  const workbench = useWorkbench();
  const names = new Map(trace.tracks.map(({ id, name }) => [id, name]));
  return flows.slice(0, 6).map((flow) => (
    <button
      key={flow.index}
      className="link"
      onClick={() => {
        const { cursor } = workbench.state;
        workbench.runs.moveTo(cursor === flow.toStep ? flow.fromStep : flow.toStep);
      }}
    >
      {names.get(flow.fromTrack)} {FLOW_NAMES[flow.kind]} {names.get(flow.toTrack)}
    </button>
  ));
}

import './events.css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { TraceData } from '../../../app/service/contract/trace.ts';
import { NO_STEP } from '../../../app/service/contract/trace.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { formatStamp } from '../../widgets/format.ts';

/** The trace events as a table: what the timeline shows, for the keyboard and for screen readers. */
export default function Events() {
  const workbench = useWorkbench();
  const id = useSelector((state) => state.activeRun);
  const done = useSelector(
    ({ activeRun, runs }) => activeRun !== null && runs.get(activeRun)?.state === 'done',
  );
  const trace = useSelector(({ activeRun, traces }) =>
    activeRun === null ? undefined : traces.get(activeRun),
  );
  const [filter, setFilter] = useState('');
  useEffect(() => {
    if (id !== null && done) workbench.attempt(workbench.runs.trace(id));
  }, [workbench, id, done]);
  const rows = useMemo(() => (trace === undefined ? [] : matching(trace, filter)), [trace, filter]);
  if (trace === undefined)
    return <div className="empty">Run a scenario, or open a trace, to see its events.</div>;
  return (
    <>
      <div className="panel-bar">
        <input
          type="search"
          placeholder="Filter events"
          aria-label="Filter events"
          value={filter}
          onChange={({ target }) => setFilter(target.value)}
        />
        <span className="dim" role="status">
          {rows.length.toLocaleString('en')} of {trace.instants.name.length.toLocaleString('en')}
        </span>
      </div>
      <Rows trace={trace} rows={rows} />
    </>
  );
}

function Rows({ trace, rows }: { trace: TraceData; rows: readonly number[] }) {
  const workbench = useWorkbench();
  const cursor = useSelector((state) => state.cursor);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 21,
    overscan: 20,
  });
  const { strings, instants, tracks } = trace;
  const names = useMemo(
    () => new Map(tracks.map(({ id, name, parent }) => [id, { name, parent }])),
    [tracks],
  );
  const ownerOf = (track: number): string => {
    const own = names.get(track);
    const parent = own?.parent ?? null;
    return (parent === null ? undefined : names.get(parent)?.name) ?? own?.name ?? '';
  };
  return (
    <div
      ref={scroller}
      className="panel-body"
      tabIndex={0}
      role="table"
      aria-label="Trace events"
      aria-rowcount={rows.length}
    >
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const event = rows[index] ?? 0;
          const step = instants.step[event] ?? NO_STEP;
          return (
            <div
              key={key}
              role="row"
              aria-rowindex={index + 1}
              className="event-row mono"
              data-past={cursor !== null && step <= cursor}
              style={{ transform: `translateY(${start}px)` }}
            >
              <button
                role="cell"
                disabled={step === NO_STEP}
                title={step === NO_STEP ? undefined : `Go to step ${step}`}
                onClick={() => workbench.runs.moveTo(step)}
              >
                {formatStamp(instants.timeNs[event] ?? 0)}
              </button>
              <span role="cell">{ownerOf(instants.track[event] ?? 0)}</span>
              <span role="cell">{strings[instants.name[event] ?? 0]}</span>
              <span role="cell" className="dim">
                {strings[instants.detail[event] ?? 0]}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function matching({ strings, instants }: TraceData, filter: string): number[] {
  const wanted = filter.trim().toLowerCase();
  const fits = strings.map((text) => text.toLowerCase().includes(wanted));
  const rows: number[] = [];
  for (let at = 0; at < instants.name.length; at++) {
    if (fits[instants.name[at] ?? 0] === true || fits[instants.detail[at] ?? 0] === true) rows.push(at);
  }
  return rows;
}

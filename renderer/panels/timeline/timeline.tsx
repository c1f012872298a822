import './timeline.css';
import { useEffect, useMemo } from 'react';
import type { TraceData } from '../../../app/service/contract/trace.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { contentOf } from './lanes.ts';
import { quietGroups } from './quiet-groups.ts';
import { TimelineView } from './timeline-view.tsx';
import { createTimeline } from './timeline-state.ts';
import { around, whole } from './viewport.ts';

/** What happened when, on CPUs, in tasks, at locks: the run that is shown everywhere. */
export default function Timeline() {
  const workbench = useWorkbench();
  const id = useSelector((state) => state.activeRun);
  const run = useSelector(({ activeRun, runs }) => (activeRun === null ? undefined : runs.get(activeRun)));
  const trace = useSelector(({ activeRun, traces }) =>
    activeRun === null ? undefined : traces.get(activeRun),
  );
  const done = run?.state === 'done';
  useEffect(() => {
    if (id !== null && done) workbench.attempt(workbench.runs.trace(id));
  }, [workbench, id, done]);
  if (run === undefined)
    return <div className="empty">Run a scenario, or open a trace, to see when what happened.</div>;
  if (run.state === 'failed') return <div className="empty bad">{run.message}</div>;
  if (trace === undefined || id === null) {
    return (
      <div className="empty">{run.state === 'running' ? 'It is running …' : 'The trace is coming …'}</div>
    );
  }
  const report = run.state === 'done' ? run.summary.reports[0]?.nowNs : undefined;
  return <Loaded key={id} trace={trace} report={report} />;
}

/** How much is shown before and after the first report of a run, to begin with. */
const AROUND_REPORT_NS = 400_000;

function Loaded({ trace, report }: { trace: TraceData; report: number | undefined }) {
  const contents = useMemo(() => contentOf(trace), [trace]);
  const store = useMemo(() => {
    const view =
      report === undefined
        ? whole(trace)
        : around(report - AROUND_REPORT_NS, report + AROUND_REPORT_NS, trace);
    return createTimeline(view, quietGroups(trace));
  }, [trace, report]);
  return <TimelineView trace={trace} contents={contents} store={store} />;
}

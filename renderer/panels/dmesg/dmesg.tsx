import './dmesg.css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { LogLine, RunSummary } from '../../../app/service/contract/runs.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { rowsOf, type Row } from './rows.ts';

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const;

/** The kernel's log. Each line leads to the step that printed it; reports fold. */
export default function Dmesg() {
  const workbench = useWorkbench();
  const id = useSelector((state) => state.activeRun);
  const run = useSelector(({ activeRun, runs }) => (activeRun === null ? undefined : runs.get(activeRun)));
  const lines = useSelector(({ activeRun, logs }) => (activeRun === null ? undefined : logs.get(activeRun)));
  const [level, setLevel] = useState(7);
  const [filter, setFilter] = useState('');
  const done = run?.state === 'done';
  useEffect(() => {
    if (id !== null && done) workbench.attempt(workbench.runs.log(id));
  }, [workbench, id, done]);

  if (run === undefined) return <div className="empty">Run a scenario to see what its kernel says.</div>;
  if (run.state === 'failed') {
    return (
      <div className="empty" role="alert">
        <pre className="bad">{run.message}</pre>
        {run.fix !== null && <p>{run.fix}</p>}
      </div>
    );
  }
  if (run.state === 'running' || lines === undefined) return <div className="empty">It is running …</div>;
  return (
    <>
      <div className="panel-bar">
        <input
          type="search"
          placeholder="Filter lines"
          aria-label="Filter lines"
          value={filter}
          onChange={({ target }) => setFilter(target.value)}
        />
        <label>
          <span className="visually-hidden">Least important level that is shown</span>
          <select value={level} onChange={({ target }) => setLevel(Number(target.value))}>
            {LEVELS.map((name, index) => (
              <option key={name} value={index}>
                up to {name}
              </option>
            ))}
          </select>
        </label>
        <Verdict summary={run.summary} />
      </div>
      <Lines lines={lines} reports={run.summary.reports} level={level} filter={filter} />
    </>
  );
}

function Verdict({ summary }: { summary: RunSummary }) {
  const { met, failures, outcome } = summary;
  if (met === null) return <span className="dim">{outcome}</span>;
  return (
    <span className={`badge ${met ? 'good' : 'bad'}`} title={[outcome, ...failures].join('\n')}>
      <Icon name={met ? 'pass' : 'error'} />
      {met ? 'as expected' : 'not as expected'}
    </span>
  );
}

interface LinesProps {
  readonly lines: readonly LogLine[];
  readonly reports: RunSummary['reports'];
  readonly level: number;
  readonly filter: string;
}

function Lines({ lines, reports, level, filter }: LinesProps) {
  const workbench = useWorkbench();
  const cursor = useSelector((state) => state.cursor);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const rows = useMemo(
    () => rowsOf({ lines, reports, folded, level, filter }),
    [lines, reports, folded, level, filter],
  );
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 19,
    overscan: 20,
  });
  const current = useMemo(() => currentRow(rows, cursor), [rows, cursor]);
  useEffect(() => {
    if (current >= 0) virtual.scrollToIndex(current, { align: 'start' });
  }, [virtual, current]);
  const fold = (line: number) => {
    const next = new Set(folded);
    if (!next.delete(line)) next.add(line);
    setFolded(next);
  };
  return (
    <div ref={scroller} className="panel-body dmesg" role="list" aria-label="Kernel log" tabIndex={0}>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <div
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              role="listitem"
              className="dmesg-row"
              data-current={index === current}
              data-report={row.report !== null}
              style={{ transform: `translateY(${start}px)` }}
            >
              {row.head ? (
                <button
                  className="icon quiet"
                  aria-expanded={!folded.has(row.line)}
                  aria-label={folded.has(row.line) ? 'Unfold the report' : 'Fold the report'}
                  onClick={() => fold(row.line)}
                >
                  <Icon name={folded.has(row.line) ? 'chevron-right' : 'chevron-down'} />
                </button>
              ) : (
                <span className="dmesg-gutter" />
              )}
              <button
                className="dmesg-line"
                data-level={row.level}
                title="Go to the step that printed this"
                onClick={() => workbench.runs.moveTo(row.step)}
              >
                {row.text}
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The row that the cursor is at: of the last step that has printed something, the first line. */
function currentRow(rows: readonly Row[], cursor: number | null): number {
  if (cursor === null) return -1;
  const last = rows.findLast(({ step }) => step <= cursor);
  return last === undefined ? -1 : rows.findIndex(({ step }) => step === last.step);
}

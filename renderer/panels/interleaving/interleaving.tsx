import './interleaving.css';
import { useEffect, useState } from 'react';
import type { Result } from '../../../app/service/contract/contract.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { saveFile } from '../../widgets/save-file.ts';
import { diagramSvg } from './diagram-svg.ts';

type Explained = Result<'run/explain'>;

/** The CPU0/CPU1 diagram of what happened, as one would paste it into a mail; it follows the cursor. */
export default function Interleaving() {
  const workbench = useWorkbench();
  const run = useSelector(({ activeRun, runs }) => (activeRun === null ? undefined : runs.get(activeRun)));
  const reports = run?.state === 'done' ? run.summary.reports : [];
  const [report, setReport] = useState(0);
  const [explained, setExplained] = useState<Explained | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const id = run?.state === 'done' && run.summary.steps !== null ? run.id : null;
  const wanted = reports.length === 0 ? null : Math.min(report, reports.length - 1);

  useEffect(() => {
    setExplained(null);
    setProblem(null);
    if (id === null) return;
    const abort = new AbortController();
    workbench.host
      .call('run/explain', { id, report: wanted, format: 'text' }, abort.signal)
      .then(setExplained, (error: unknown) => {
        if (!abort.signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
      });
    return () => abort.abort();
  }, [workbench, id, wanted]);

  if (id === null) return <div className="empty">Run a scenario to see who did what, beside whom.</div>;
  return (
    <>
      <div className="panel-bar">
        {reports.length > 1 && (
          <select
            aria-label="Report that is explained"
            value={wanted ?? 0}
            onChange={({ target }) => setReport(Number(target.value))}
          >
            {reports.map(({ title, line }, index) => (
              <option key={line} value={index}>
                {index + 1}: {title}
              </option>
            ))}
          </select>
        )}
        <span className="spring" />
        {explained !== null && <CopyButtons id={id} report={wanted} explained={explained} />}
      </div>
      <div className="panel-body interleaving">
        {problem !== null && <p className="dim">{problem}</p>}
        {explained === null && problem === null && <p className="dim">The diagram is being drawn …</p>}
        {explained !== null && <Diagram explained={explained} />}
      </div>
    </>
  );
}

function Diagram({ explained }: { explained: Explained }) {
  const workbench = useWorkbench();
  const cursor = useSelector((state) => state.cursor);
  const stepOf = new Map(explained.steps.map(({ line, step }) => [line, step]));
  const reached = explained.steps.filter(({ step }) => cursor !== null && step <= cursor);
  const current = reached.reduce((last, next) => (next.step >= last.step ? next : last), {
    line: -1,
    step: -1,
  }).line;
  return (
    <pre aria-label="Interleaving">
      {explained.text.split('\n').map((text, line) => {
        const step = stepOf.get(line);
        if (step === undefined) return <div key={line}>{text === '' ? ' ' : text}</div>;
        return (
          <button
            key={line}
            data-current={line === current}
            title={`Go to step ${step}`}
            onClick={() => workbench.runs.moveTo(step)}
          >
            {text}
          </button>
        );
      })}
    </pre>
  );
}

interface CopyProps {
  readonly id: string;
  readonly report: number | null;
  readonly explained: Explained;
}

function CopyButtons({ id, report, explained }: CopyProps) {
  const workbench = useWorkbench();
  const copy = async (text: string) => {
    await navigator.clipboard.writeText(text);
    workbench.toast('success', 'Copied');
  };
  const inFormat = async (format: 'markdown' | 'mermaid') =>
    (await workbench.host.call('run/explain', { id, report, format })).text;
  return (
    <>
      <button title="As plain text of 72 columns" onClick={() => workbench.attempt(copy(explained.text))}>
        <Icon name="copy" /> Text
      </button>
      <button onClick={() => workbench.attempt(inFormat('markdown').then(copy))}>Markdown</button>
      <button onClick={() => workbench.attempt(inFormat('mermaid').then(copy))}>Mermaid</button>
      <button
        title="Save as a picture"
        onClick={() => saveFile('interleaving.svg', 'image/svg+xml', diagramSvg(explained.text))}
      >
        SVG
      </button>
    </>
  );
}

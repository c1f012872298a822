import type { RunEntry } from '../state/state.ts';
import { useSelector, useWorkbench } from '../state/workbench.ts';
import { formatDuration } from '../widgets/format.ts';

/** The runs of this session; the chosen one is what the panels show. */
export function RunPicker() {
  const workbench = useWorkbench();
  const runs = useSelector((state) => state.runs);
  const active = useSelector((state) => state.activeRun);
  if (runs.size === 0) return null;
  const run = active === null ? undefined : runs.get(active);
  return (
    <div className="group">
      <select
        aria-label="Run that is shown"
        value={active ?? ''}
        onChange={({ target }) => workbench.runs.activate(target.value)}
      >
        {[...runs.values()].map((entry) => (
          <option key={entry.id} value={entry.id}>
            {titleOf(entry)}
          </option>
        ))}
      </select>
      {run !== undefined && <RunState run={run} />}
    </div>
  );
}

function titleOf(run: RunEntry): string {
  if (run.state !== 'done') return run.title;
  const { kernel, seed } = run.summary;
  return kernel === null ? run.title : `${run.title} · ${kernel.tree} · seed ${seed}`;
}

function RunState({ run }: { run: RunEntry }) {
  switch (run.state) {
    case 'running':
      return (
        <span className="badge" role="status">
          <span className="codicon codicon-loading codicon-modifier-spin" aria-hidden="true" />
          {run.steps.toLocaleString('en')} operations, {formatDuration(run.nowNs)}
        </span>
      );
    case 'failed':
      return <span className="badge bad">failed</span>;
    case 'done': {
      const { met, reports, outcome } = run.summary;
      const reported = reports.length === 0 ? 'no report' : plural(reports.length, 'report');
      const verdict = met === null ? '' : met ? 'as expected' : 'not as expected';
      return (
        <span className={`badge ${met === false ? 'bad' : met === true ? 'good' : ''}`} title={outcome}>
          {[verdict, reported].filter((text) => text !== '').join(', ')}
        </span>
      );
    }
  }
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

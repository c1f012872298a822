import './compare.css';
import { useEffect, useState } from 'react';
import type { Result } from '../../../app/service/contract/contract.ts';
import type { RunEntry } from '../../state/state.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';

type Comparison = Result<'run/compare'>;

/** Two runs side by side, aligned by what each task did; the first difference is marked. */
export default function Compare() {
  const workbench = useWorkbench();
  const runs = useSelector((state) => state.runs);
  const left = useSelector((state) => state.activeRun);
  const right = useSelector((state) => state.otherRun);
  const comparable = [...runs.values()].filter((run) => run.state === 'done' && run.summary.steps !== null);
  const [comparison, setComparison] = useState<Comparison | null>(null);

  useEffect(() => {
    setComparison(null);
    if (left === null || right === null || left === right) return;
    const abort = new AbortController();
    workbench.attempt(workbench.host.call('run/compare', { left, right }, abort.signal).then(setComparison));
    return () => abort.abort();
  }, [workbench, left, right]);

  if (comparable.length < 2) {
    return (
      <div className="empty">
        Run a scenario on two kernels, with a patch and without it for instance, to compare them.
      </div>
    );
  }
  return (
    <>
      <div className="panel-bar">
        <span>{titleOf(left === null ? undefined : runs.get(left))}</span>
        <span className="dim">against</span>
        <select
          aria-label="Run to compare with"
          value={right ?? ''}
          onChange={({ target }) => workbench.set({ otherRun: target.value === '' ? null : target.value })}
        >
          <option value="">choose a run</option>
          {comparable
            .filter(({ id }) => id !== left)
            .map((run) => (
              <option key={run.id} value={run.id}>
                {titleOf(run)}
              </option>
            ))}
        </select>
      </div>
      <div className="panel-body">
        {comparison === null ? (
          <div className="empty">
            {right === null ? 'Choose a run to compare with.' : 'They are being aligned …'}
          </div>
        ) : (
          <Aligned comparison={comparison} />
        )}
      </div>
    </>
  );
}

function Aligned({ comparison }: { comparison: Comparison }) {
  const workbench = useWorkbench();
  const { same, difference, rows, leftStep } = comparison;
  return (
    <>
      <p className={`compare-verdict ${same ? 'good' : 'warn'}`}>
        {same ? 'Both did the same, step by step.' : difference}
        {leftStep !== null && (
          <button className="link" onClick={() => workbench.runs.moveTo(leftStep)}>
            Go there
          </button>
        )}
      </p>
      <table className="data mono compare">
        <thead>
          <tr>
            <th scope="col">This run</th>
            <th scope="col">The other</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ left, right }, index) => (
            <tr key={index} data-differs={left?.text !== right?.text || left?.task !== right?.task}>
              <td>
                {left !== null && (
                  <button className="link mono" onClick={() => workbench.runs.moveTo(left.step)}>
                    {left.task}: {left.text}
                  </button>
                )}
              </td>
              <td>{right !== null && `${right.task}: ${right.text}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function titleOf(run: RunEntry | undefined): string {
  if (run?.state !== 'done') return run?.title ?? '';
  const { kernel, seed } = run.summary;
  if (kernel === null) return run.title;
  const patches = kernel.patches.length === 0 ? '' : ` + ${kernel.patches.join(' + ')}`;
  const rt = kernel.config['PREEMPT_RT'] === true ? ' RT' : '';
  return `${run.title} · ${kernel.tree}${patches}${rt} · seed ${seed}`;
}

import './matrix.css';
import { useState } from 'react';
import type { MatrixState } from '../../../app/service/contract/search.ts';
import { CommandButton } from '../../shell/command-button.tsx';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';

/** Kernels as rows, outcomes as columns: five proposed fixes at a glance. */
export default function Matrix() {
  const workbench = useWorkbench();
  const matrices = useSelector((state) => state.matrices);
  const [chosen, setChosen] = useState<string | null>(null);
  const matrix = matrices.get(chosen ?? '') ?? [...matrices.values()].at(-1);
  if (matrix === undefined) {
    return (
      <div className="empty">
        <p>No kernels have been compared yet.</p>
        {!workbench.isViewer && <CommandButton id="run.matrix" text="Compare kernels" className="primary" />}
      </div>
    );
  }
  const { id, title, state, done, total, error } = matrix;
  return (
    <>
      <div className="panel-bar">
        {matrices.size > 1 && (
          <select
            aria-label="Matrix that is shown"
            value={id}
            onChange={({ target }) => setChosen(target.value)}
          >
            {[...matrices.values()].map((other) => (
              <option key={other.id} value={other.id}>
                {other.title}
              </option>
            ))}
          </select>
        )}
        <strong>{title}</strong>
        <span className="dim" role="status">
          {done} of {total} kernels
        </span>
        {state === 'running' && (
          <>
            <progress aria-label="Progress" value={done} max={total} />
            <button onClick={() => workbench.attempt(workbench.searches.cancel(id))}>
              <Icon name="debug-stop" /> Stop
            </button>
          </>
        )}
        {error !== null && <span className="bad">{error}</span>}
      </div>
      <div className="panel-body">
        <Table matrix={matrix} />
      </div>
    </>
  );
}

const VERDICTS = { pass: 'pass', fail: 'error', error: 'warning', pending: 'loading' } as const;

function Table({ matrix }: { matrix: MatrixState }) {
  return (
    <table className="data matrix">
      <thead>
        <tr>
          <th scope="col">Kernel</th>
          <th scope="col">Verdict</th>
          <th scope="col">Of</th>
          {matrix.columns.map((title) => (
            <th key={title} scope="col" title={title}>
              {title}
            </th>
          ))}
          <th scope="col">Covered</th>
        </tr>
      </thead>
      <tbody>
        {matrix.rows.map(({ name, verdict, of, counts, note }) => (
          <tr key={name}>
            <th scope="row" className="mono">
              {name}
            </th>
            <td className={verdict === 'pass' ? 'good' : verdict === 'fail' ? 'bad' : 'dim'}>
              <Icon name={VERDICTS[verdict]} /> {verdict}
            </td>
            <td>{of}</td>
            {matrix.columns.map((title, column) => {
              const count = counts[column] ?? 0;
              const share = of === 0 ? 0 : count / of;
              return (
                <td
                  key={title}
                  className="matrix-cell"
                  style={{ '--heat': `${Math.round(20 + share * 60)}%` } as React.CSSProperties}
                  data-hit={count > 0}
                  title={`${title}: ${count} of ${of}`}
                >
                  {count === 0 ? '–' : count}
                </td>
              );
            })}
            <td className="dim">{note}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

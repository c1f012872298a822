import './notifiers.css';
import type { Inspection } from '../../../app/service/contract/inspection.ts';
import { WithInspection } from '../use-inspection.tsx';
import { Chain } from './chain.tsx';

/** Who listens to an address space, and who stands in an SRCU read section. */
export default function Notifiers() {
  return (
    <div className="panel-body">
      <WithInspection
        show={(inspection) => (
          <div className="notifiers">
            <h3>Subscriptions</h3>
            {inspection.subscriptions.length === 0 && <p className="dim">Nobody has subscribed.</p>}
            {inspection.subscriptions.map((list) => (
              <Chain key={`${list.where}${list.owner}`} list={list} />
            ))}
            <h3>SRCU</h3>
            {inspection.srcu.map((domain) => (
              <Domain key={domain.name} domain={domain} inspection={inspection} />
            ))}
            <Timers timers={inspection.timers} />
          </div>
        )}
      />
    </div>
  );
}

interface DomainProps {
  readonly domain: Inspection['srcu'][number];
  readonly inspection: Inspection;
}

function Domain({ domain, inspection }: DomainProps) {
  const names = new Map(inspection.tasks.map(({ id, comm, pid }) => [id, `${comm}-${pid}`]));
  const readersOf = (idx: number) =>
    domain.readingTasks
      .filter((reader) => reader.idx === idx)
      .map(({ task }) => names.get(task) ?? `task ${task}`);
  return (
    <article>
      <h4 className="mono">{domain.name}</h4>
      <p>
        Grace period: <strong>{domain.gp}</strong>
      </p>
      <table className="data mono">
        <thead>
          <tr>
            <th scope="col">Index</th>
            <th scope="col">Readers</th>
            <th scope="col">Who</th>
          </tr>
        </thead>
        <tbody>
          {([0, 1] as const).map((idx) => (
            <tr key={idx}>
              <td>
                {idx}
                {domain.idx === idx && <span className="badge">new readers</span>}
              </td>
              <td>{domain.readers[idx]}</td>
              <td>{readersOf(idx).join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {domain.callbacks.length > 0 && (
        <ul className="mono">
          {domain.callbacks.map(({ func, state }, index) => (
            <li key={index}>
              {func} <span className="badge">{state}</span>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

function Timers({ timers }: Pick<Inspection, 'timers'>) {
  const armed = timers.filter((timer) => timer.armed);
  if (armed.length === 0) return null;
  return (
    <>
      <h3>Timers</h3>
      <ul className="mono">
        {armed.map(({ function: name, expiresNs }, index) => (
          <li key={index}>
            {name} <span className="dim">expires at {(expiresNs / 1e9).toFixed(6)} s</span>
          </li>
        ))}
      </ul>
    </>
  );
}

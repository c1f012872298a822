import './locks.css';
import { useState } from 'react';
import type { Inspection } from '../../../app/service/contract/inspection.ts';
import { WithInspection } from '../use-inspection.tsx';
import { LockGraph } from './lock-graph.tsx';

/** Who holds and who waits; what was ever taken inside what. */
export default function Locks() {
  return <WithInspection show={(inspection) => <Shown inspection={inspection} />} />;
}

function Shown({ inspection }: { inspection: Inspection }) {
  const [onlyUsed, setOnlyUsed] = useState(true);
  const names = new Map(inspection.tasks.map(({ id, comm, pid }) => [id, `${comm}-${pid}`]));
  const nameOf = (id: number) => names.get(id) ?? `task ${id}`;
  const shown = inspection.locks.filter(
    ({ owners, waiters }) => !onlyUsed || owners.length > 0 || waiters.length > 0,
  );
  return (
    <>
      <div className="panel-bar">
        <label>
          <input type="checkbox" checked={onlyUsed} onChange={({ target }) => setOnlyUsed(target.checked)} />{' '}
          only those that are held or waited for
        </label>
      </div>
      <div className="panel-body locks">
        {shown.length === 0 ? (
          <p className="dim">No lock is held or waited for at this step.</p>
        ) : (
          <table className="data mono">
            <thead>
              <tr>
                <th scope="col">Lock</th>
                <th scope="col">Kind</th>
                <th scope="col">Held by</th>
                <th scope="col">Waited for by</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((lock) => (
                <tr key={lock.object}>
                  <td>
                    {lock.name}
                    <br />
                    <span className="dim">{lock.object}</span>
                  </td>
                  <td>
                    {lock.kind} <span className="dim">{lock.state}</span>
                  </td>
                  <td>{lock.owners.map(nameOf).join(', ')}</td>
                  <td className={lock.waiters.length > 0 ? 'warn' : ''}>
                    {lock.waiters.map(nameOf).join(', ')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <h3>Lock dependencies seen so far</h3>
        <LockGraph graph={inspection.lockGraph} />
      </div>
    </>
  );
}

import './outcomes.css';
import { useState } from 'react';
import type { SearchState } from '../../../app/service/contract/search.ts';
import { CommandButton } from '../../shell/command-button.tsx';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';

/** What searches find, as they find it. */
export default function Outcomes() {
  const workbench = useWorkbench();
  const searches = useSelector((state) => state.searches);
  const [chosen, setChosen] = useState<string | null>(null);
  const search = searches.get(chosen ?? '') ?? [...searches.values()].at(-1);
  if (search === undefined) {
    return (
      <div className="empty">
        <p>No search has been made yet.</p>
        {!workbench.isViewer && (
          <CommandButton id="run.explore" text="Explore interleavings" className="primary" />
        )}
      </div>
    );
  }
  return (
    <>
      <div className="panel-bar">
        {searches.size > 1 && (
          <select
            aria-label="Search that is shown"
            value={search.id}
            onChange={({ target }) => setChosen(target.value)}
          >
            {[...searches.values()].map(({ id, title, strategy }) => (
              <option key={id} value={id}>
                {title} ({strategy})
              </option>
            ))}
          </select>
        )}
        <Progress search={search} />
      </div>
      <div className="panel-body">
        <Finds search={search} />
      </div>
    </>
  );
}

function Progress({ search }: { search: SearchState }) {
  const workbench = useWorkbench();
  const { state, executions, elapsedMs, remaining, blocked, operations, covered, met } = search;
  const speed = elapsedMs > 0 ? Math.round((executions / elapsedMs) * 1000) : 0;
  const running = state === 'running';
  return (
    <>
      <span role="status">
        <strong>{executions.toLocaleString('en')}</strong> executions
        {running && <span className="dim"> at {speed.toLocaleString('en')}/s</span>}
        <span className="dim">
          , {blocked} blocked, {operations.toLocaleString('en')} operations in {(elapsedMs / 1000).toFixed(1)}{' '}
          s
        </span>
      </span>
      {running ? (
        <>
          <progress
            aria-label="Progress of the search"
            {...(remaining !== null && { value: executions, max: executions + remaining })}
          />
          {remaining !== null && (
            <span className="dim">about {Math.round(remaining).toLocaleString('en')} are left</span>
          )}
          <button onClick={() => workbench.attempt(workbench.searches.cancel(search.id))}>
            <Icon name="debug-stop" /> Stop
          </button>
        </>
      ) : (
        <>
          <span className="badge">{covered}</span>
          {met !== null && (
            <span className={`badge ${met ? 'good' : 'bad'}`} title={search.failures.join('\n')}>
              <Icon name={met ? 'pass' : 'error'} /> {met ? 'as expected' : 'not as expected'}
            </span>
          )}
          {state === 'failed' && <span className="bad">{search.error}</span>}
        </>
      )}
    </>
  );
}

function Finds({ search }: { search: SearchState }) {
  const workbench = useWorkbench();
  if (search.finds.length === 0) {
    return (
      <div className="empty">
        {search.state === 'running'
          ? 'Nothing has gone wrong so far.'
          : `Nothing has gone wrong: ${search.covered}.`}
      </div>
    );
  }
  return (
    <table className="data outcomes">
      <thead>
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col">Executions</th>
          <th scope="col">First</th>
          <th scope="col">Switches</th>
          <th scope="col">Preemptions</th>
          <th scope="col">Operations</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {search.finds.map((find) => (
          <tr key={find.title}>
            <td className="bad">
              <Icon name="bug" /> {find.title}
            </td>
            <td>{find.count}</td>
            <td>{find.first}</td>
            <td>{find.switches}</td>
            <td>{find.preemptions}</td>
            <td>{find.operations}</td>
            <td>
              {!workbench.isViewer && (
                <>
                  <button
                    disabled={find.replay === null}
                    onClick={() => workbench.attempt(workbench.searches.open(find))}
                  >
                    <Icon name="debug-start" /> Open
                  </button>
                  <button
                    className="icon"
                    aria-label="Save the replay in my files"
                    title="Save the replay in my files"
                    disabled={find.replay === null}
                    onClick={() =>
                      workbench.attempt(
                        workbench.documents.create(`${slug(find.title)}.replay`, find.replay ?? ''),
                      )
                    }
                  >
                    <Icon name="save" />
                  </button>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
}

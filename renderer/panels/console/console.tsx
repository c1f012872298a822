import './console.css';
import { lazy, Suspense } from 'react';
import { CommandButton } from '../../shell/command-button.tsx';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { formatStamp } from '../../widgets/format.ts';

const GuestTerminal = lazy(() => import('./guest-terminal.tsx'));

const STATES = {
  booting: 'boots',
  running: 'runs',
  idle: 'idle',
  blocked: 'blocked',
  panic: 'panic',
  exited: 'off',
} as const;

/** Guests in tabs, each a terminal of its own. */
export default function Console() {
  const workbench = useWorkbench();
  const guests = useSelector((state) => state.guests);
  const active = useSelector((state) => state.activeGuest);
  if (guests.size === 0) {
    return (
      <div className="empty">
        <p>No guest is running.</p>
        {!workbench.isViewer && <CommandButton id="guest.open" text="Boot a guest" className="primary" />}
        <p>
          It has the kernel of the scenario in the editor. Power it off with Ctrl-A x, as under virtme-ng.
        </p>
      </div>
    );
  }
  const guest = active === null ? undefined : guests.get(active);
  return (
    <>
      <div className="panel-bar" role="group" aria-label="Guests">
        {[...guests.values()].map(({ id, title, state, exitCode }) => (
          <span key={id} className="editor-tab" data-active={id === active}>
            <button
              className="quiet"
              aria-current={id === active}
              onClick={() => workbench.set({ activeGuest: id })}
            >
              <Icon name="terminal" /> {title} {id}{' '}
              <span className={state === 'panic' || state === 'blocked' ? 'bad' : 'dim'}>
                {exitCode === null ? STATES[state] : `exit ${exitCode}`}
              </span>
            </button>
            {!workbench.isViewer && (
              <button
                className="icon quiet"
                aria-label={`Close guest ${id}`}
                onClick={() => workbench.attempt(workbench.guests.close(id))}
              >
                <Icon name="close" />
              </button>
            )}
          </span>
        ))}
        {!workbench.isViewer && <CommandButton id="guest.open" icon="add" />}
        <span className="spring" />
        {guest !== undefined && (
          <span className="mono dim" title="The guest's own clock">
            {formatStamp(guest.now).trim()} s
          </span>
        )}
        {!workbench.isViewer && (
          <>
            <CommandButton id="guest.timeline" />
            <CommandButton id="guest.record.scenario" />
            <CommandButton id="guest.restart" />
          </>
        )}
      </div>
      <div className="panel-body console-body">
        <Suspense fallback={<p className="starting">Loading the terminal …</p>}>
          {active !== null && <GuestTerminal key={active} id={active} />}
        </Suspense>
      </div>
    </>
  );
}

import './console.css';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { GuestInfo } from '../../../app/service/contract/guests.ts';
import { CommandButton } from '../../shell/command-button.tsx';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { formatStamp } from '../../widgets/format.ts';
import { Icon } from '../../widgets/icon.tsx';
import { RunConsole } from './run-console.tsx';

const GuestTerminal = lazy(() => import('./guest-terminal.tsx'));

const STATES = {
  booting: 'boots',
  running: 'runs',
  idle: 'idle',
  blocked: 'blocked',
  panic: 'panic',
  exited: 'off',
} as const;

/** Guests in tabs, each a terminal of its own; and the console of the run that is shown, up to the cursor. */
export default function Console() {
  const workbench = useWorkbench();
  const guests = useSelector((state) => state.guests);
  const active = useSelector((state) => state.activeGuest);
  const run = useSelector(({ activeRun, runs }) => {
    const entry = activeRun === null ? undefined : runs.get(activeRun);
    return entry?.state === 'done' && entry.summary.steps !== null ? entry.id : null;
  });
  const [showsRun, showRun] = useState(false);
  // Whatever came last is what one wants to see: a guest that was booted, a run that has ended.
  useEffect(() => showRun(false), [active]);
  useEffect(() => showRun(run !== null), [run]);
  if (guests.size === 0 && run === null) return <NoGuest />;
  const guest = active === null ? undefined : guests.get(active);
  const runShown = run !== null && (showsRun || guest === undefined);
  return (
    <>
      <div className="panel-bar">
        <div className="console-tabs" role="tablist" aria-label="Consoles">
          {run !== null && (
            <button
              role="tab"
              className="quiet console-tab"
              aria-selected={runShown}
              title="What the console of the run has shown at the cursor"
              onClick={() => showRun(true)}
            >
              <Icon name="history" /> run
            </button>
          )}
          {[...guests.values()].map((each) => (
            <GuestTab
              key={each.id}
              guest={each}
              selected={!runShown && each.id === active}
              select={() => {
                showRun(false);
                workbench.set({ activeGuest: each.id });
              }}
            />
          ))}
        </div>
        {!workbench.isViewer && <CommandButton id="guest.open" icon="add" />}
        <span className="spring" />
        {!runShown && guest !== undefined && <GuestTools guest={guest} />}
      </div>
      <div className="panel-body console-body">
        {runShown ? (
          <RunConsole key={run} id={run} />
        ) : (
          <Suspense fallback={<p className="starting">Loading the terminal …</p>}>
            {guest !== undefined && <GuestTerminal key={guest.id} id={guest.id} />}
          </Suspense>
        )}
      </div>
    </>
  );
}

function NoGuest() {
  const workbench = useWorkbench();
  return (
    <div className="empty">
      <p>No guest is running.</p>
      {!workbench.isViewer && <CommandButton id="guest.open" text="Boot a guest" className="primary" />}
      <p>It has the kernel of the scenario in the editor. Power it off with Ctrl-A x, as under virtme-ng.</p>
    </div>
  );
}

interface TabProps {
  readonly guest: GuestInfo;
  readonly selected: boolean;
  readonly select: () => void;
}

function GuestTab({ guest, selected, select }: TabProps) {
  const { title, id, state, exitCode } = guest;
  const alarming = state === 'panic' || state === 'blocked';
  return (
    <button role="tab" className="quiet console-tab" aria-selected={selected} onClick={select}>
      <Icon name="terminal" /> {title} {id}
      <span className={alarming ? 'bad' : 'dim'}>
        {exitCode === null ? STATES[state] : `exit ${exitCode}`}
      </span>
    </button>
  );
}

function GuestTools({ guest }: { guest: GuestInfo }) {
  const workbench = useWorkbench();
  return (
    <>
      <span className="mono dim" title="The guest's own clock">
        {formatStamp(guest.now).trim()} s
      </span>
      {!workbench.isViewer && (
        <>
          <CommandButton id="guest.timeline" />
          <CommandButton id="guest.record.scenario" />
          <CommandButton id="guest.restart" />
          <button
            className="icon quiet"
            aria-label={`Close ${guest.id}`}
            title="Close the guest"
            onClick={() => workbench.attempt(workbench.guests.close(guest.id))}
          >
            <Icon name="close" />
          </button>
        </>
      )}
    </>
  );
}

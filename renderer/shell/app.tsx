import { useEffect } from 'react';
import { Tooltip } from 'radix-ui';
import { useWorkbench, useSelector } from '../state/workbench.ts';
import { listenForKeys } from './commands/index.ts';
import { Dialogs } from './dialogs/dialogs.tsx';
import { Dock } from './dock.tsx';
import { Palette } from './palette.tsx';
import { Presenting } from './presenting.tsx';
import { StatusBar } from './status-bar.tsx';
import { TitleBar } from './title-bar.tsx';
import { Toasts } from './toasts.tsx';
import { ToolBar } from './tool-bar.tsx';
import { Tour } from './tour/tour.tsx';

/** The whole window: title with menus, tools, panels, status. */
export function App() {
  const workbench = useWorkbench();
  const ready = useSelector(({ host, catalogue }) => host.kind === 'open' || catalogue !== null);
  useEffect(() => listenForKeys(workbench), [workbench]);
  return (
    <Tooltip.Provider delayDuration={500}>
      <div className="workbench">
        <TitleBar />
        <nav aria-label="Tools">
          <ToolBar />
        </nav>
        <main className="dock-area">{ready ? <Dock /> : <Connecting />}</main>
        <StatusBar />
      </div>
      <Palette />
      <Dialogs />
      <Tour />
      <Presenting />
      <Toasts />
    </Tooltip.Provider>
  );
}

function Connecting() {
  const host = useSelector((state) => state.host);
  if (host.kind !== 'lost') return <p className="starting">Connecting …</p>;
  return (
    <div className="empty" role="alert">
      <p className="bad">The workbench cannot reach its host: {host.reason}.</p>
      {host.final ? (
        <p>
          Open it with the address that <code>npm start</code> printed, token included.
        </p>
      ) : (
        <p>It is being tried again.</p>
      )}
    </div>
  );
}

import { useSelector, useWorkbench } from '../state/workbench.ts';
import { formatStamp } from '../widgets/format.ts';

/** Where the cursor stands, in words; problems of the file; the host. */
export function StatusBar() {
  const host = useSelector((state) => state.host);
  return (
    <footer className="status-bar">
      <CursorStatus />
      <span className="spring" />
      <Problems />
      <span>
        {host.kind === 'open' ? `Scythe ${host.version}` : host.kind === 'lost' ? 'no host' : 'connecting'}
      </span>
    </footer>
  );
}

function CursorStatus() {
  const cursor = useSelector((state) => state.cursor);
  const inspection = useSelector((state) => state.inspection?.value ?? null);
  const lastStep = useSelector((state) => state.lastStep);
  if (cursor === null) return <span>Nothing has been run yet: F5 runs the scenario in the editor</span>;
  return (
    <>
      <span className="mono">
        step {cursor}
        {inspection !== null && ` at ${formatStamp(inspection.nowNs).trim()}`}
      </span>
      {inspection !== null && <span aria-live="polite">{inspection.last}</span>}
      {lastStep !== inspection?.last && <span className="dim">{lastStep}</span>}
    </>
  );
}

function Problems() {
  const workbench = useWorkbench();
  const count = useSelector(({ activeDocument, checks }) =>
    activeDocument === null ? 0 : (checks.get(activeDocument)?.issues.length ?? 0),
  );
  if (count === 0) return null;
  return (
    <button className="bad" onClick={() => workbench.layout?.show('editor')}>
      {count === 1 ? '1 problem' : `${count} problems`}
    </button>
  );
}

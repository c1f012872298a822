import type { Overrides } from '../../app/service/contract/scenario.ts';
import { useSelector, useWorkbench } from '../state/workbench.ts';
import { differences } from '../state/kernels.ts';
import { CommandButton } from './command-button.tsx';
import { RunPicker } from './run-picker.tsx';

/** Run control, and the kernel that it runs with. */
export function ToolBar() {
  const playing = useSelector((state) => state.playing);
  const workbench = useWorkbench();
  return (
    <div className="tool-bar" role="toolbar" aria-label="Run control">
      {!workbench.isViewer && (
        <div className="group">
          <CommandButton id="run.start" text="Run" className="primary" />
          <CommandButton id="run.explore" text="Explore" />
          <CommandButton id="run.matrix" text="Compare" />
          <CommandButton id="run.stop" />
        </div>
      )}
      <div className="group">
        <CommandButton id="go.back-report" className="leads-back" />
        <CommandButton id="go.back-switch" className="leads-back" />
        <CommandButton id="go.back-over" className="mirrored" />
        <CommandButton id="go.back" />
        <CommandButton id="run.play" icon={playing ? 'debug-pause' : 'debug-continue-small'} />
        <PlaySpeed />
        <CommandButton id="go.into" />
        <CommandButton id="go.over" />
        <CommandButton id="go.out" />
        <CommandButton id="go.switch" className="leads-on" />
        <CommandButton id="go.report" className="leads-on" />
        <CommandButton id="go.continue" />
      </div>
      <RunPicker />
      {!workbench.isViewer && <KernelBadge />}
    </div>
  );
}

const SPEEDS = [1, 2, 5, 10, 50, 200];

/** How fast Play steps. */
function PlaySpeed() {
  const workbench = useWorkbench();
  const speed = useSelector((state) => state.settings.playSpeed);
  return (
    <select
      aria-label="Steps per second while playing"
      title="Steps per second while playing"
      value={speed}
      onChange={({ target }) => workbench.changeSettings({ playSpeed: Number(target.value) })}
    >
      {SPEEDS.map((choice) => (
        <option key={choice} value={choice}>
          {choice}/s
        </option>
      ))}
    </select>
  );
}

/** Tree, patches and real-time or not, in a word each; a click opens the kernel panel. */
function KernelBadge() {
  const workbench = useWorkbench();
  const { kernel, overrides } = useKernel();
  if (kernel === null) return null;
  const rt = overrides.config?.['PREEMPT_RT'] ?? kernel.config['PREEMPT_RT'];
  const patches = overrides.patches ?? kernel.patches;
  const count = differences(overrides);
  return (
    <button
      className="quiet"
      onClick={() => workbench.layout?.show('kernel')}
      title="The kernel that it runs with: open the kernel panel"
    >
      <span className="badge">{overrides.tree ?? kernel.tree}</span>
      <span className="badge">{rt === true ? 'PREEMPT_RT' : 'no PREEMPT_RT'}</span>
      {patches.map((name) => (
        <span key={name} className="badge patch" title={name}>
          + {name}
        </span>
      ))}
      {count > 0 && <span className="badge warn">{count} changed</span>}
    </button>
  );
}

const NO_OVERRIDES: Overrides = {};

function useKernel() {
  const kernel = useSelector(({ activeDocument, checks }) =>
    activeDocument === null ? null : (checks.get(activeDocument)?.kernel ?? null),
  );
  const overrides = useSelector(({ activeDocument, overrides }) =>
    activeDocument === null ? NO_OVERRIDES : (overrides.get(activeDocument) ?? NO_OVERRIDES),
  );
  return { kernel, overrides };
}

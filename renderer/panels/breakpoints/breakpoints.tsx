import './breakpoints.css';
import { useState } from 'react';
import type { Breakpoint } from '../../../app/service/contract/runs.ts';
import { CommandButton } from '../../shell/command-button.tsx';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';

const KINDS: Readonly<Record<Breakpoint['kind'], { name: string; example: string }>> = {
  function: { name: 'Function', example: '__oom_reap_task_mm' },
  event: { name: 'Trace event', example: 'oom:mark_victim' },
  object: { name: 'Access to', example: 'mm_users' },
  report: { name: 'Report', example: 'BUG: *' },
  line: { name: 'Line', example: 'app/kernel/mm/oom_kill.ts:120' },
};

/** Where Continue stops, in both directions. */
export default function Breakpoints() {
  const workbench = useWorkbench();
  const breakpoints = useSelector((state) => state.breakpoints);
  const [kind, setKind] = useState<Breakpoint['kind']>('function');
  const [what, setWhat] = useState('');
  const set = (next: readonly Breakpoint[]) => workbench.runs.setBreakpoints(next);
  return (
    <>
      {!workbench.isViewer && (
        <form
          className="panel-bar"
          onSubmit={(event) => {
            event.preventDefault();
            if (what.trim() === '') return;
            set([...breakpoints, { kind, what: what.trim(), enabled: true }]);
            setWhat('');
          }}
        >
          <select
            aria-label="Kind of breakpoint"
            value={kind}
            onChange={({ target }) => setKind(target.value as Breakpoint['kind'])}
          >
            {Object.entries(KINDS).map(([value, { name }]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
          <input
            className="breakpoint-what"
            aria-label="Where to stop"
            placeholder={KINDS[kind].example}
            spellCheck={false}
            value={what}
            onChange={({ target }) => setWhat(target.value)}
          />
          <button type="submit">
            <Icon name="add" /> Add
          </button>
          <CommandButton id="go.back-continue" />
          <CommandButton id="go.continue" />
        </form>
      )}
      <ul className="panel-body breakpoints">
        {breakpoints.length === 0 && (
          <li className="dim">
            None. Continue (F7) stops at functions, events, accesses and reports that stand here.
          </li>
        )}
        {breakpoints.map((breakpoint, index) => (
          <li key={`${breakpoint.kind}${breakpoint.what}`}>
            <label>
              <input
                type="checkbox"
                checked={breakpoint.enabled}
                onChange={({ target }) =>
                  set(
                    breakpoints.map((other, at) =>
                      at === index ? { ...other, enabled: target.checked } : other,
                    ),
                  )
                }
              />
              <span className="dim">{KINDS[breakpoint.kind].name}</span> <code>{breakpoint.what}</code>
            </label>
            <button
              className="icon quiet"
              aria-label={`Remove the breakpoint ${breakpoint.what}`}
              onClick={() => set(breakpoints.filter((_, at) => at !== index))}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

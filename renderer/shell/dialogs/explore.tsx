import { useState } from 'react';
import type { SearchWishes } from '../../state/searches.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';

const STRATEGIES = [
  ['dpor', 'Every order of dependent operations, once each (optimal reduction)'],
  ['states', 'Every state once: for three actors and more'],
  ['bounded', 'Few preemptions first: 0, 1, … up to the bound'],
  ['pct', 'Random priorities: for a quick look at a big scenario'],
  ['random', 'Any enabled task'],
] as const;

/** How the interleavings of the scenario shall be searched. */
export function Explore({ close }: { close: () => void }) {
  const workbench = useWorkbench();
  const path = useSelector((state) => state.activeDocument);
  const actors = useSelector(({ activeDocument, checks }) =>
    activeDocument === null ? undefined : checks.get(activeDocument)?.actors,
  );
  const [strategy, setStrategy] = useState<SearchWishes['strategy']>('dpor');
  const [preemptions, setPreemptions] = useState(1);
  const [seconds, setSeconds] = useState(30);
  const [stopAtFirst, setStopAtFirst] = useState(false);
  const start = () => {
    close();
    workbench.attempt(
      workbench.searches.start({
        strategy,
        preemptions: strategy === 'bounded' ? preemptions : null,
        executions: null,
        seconds: seconds > 0 ? seconds : null,
        stopAtFirst,
      }),
    );
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <p className="dim">
        {path}
        {actors !== undefined && actors.length > 0
          ? `: searched are ${actors.join(', ')}, and what the kernel does on their behalf.`
          : ': it names no actors, so all that the guest does is searched.'}
      </p>
      <fieldset>
        <legend>Strategy</legend>
        {STRATEGIES.map(([name, summary]) => (
          <label key={name}>
            <input
              type="radio"
              name="strategy"
              checked={strategy === name}
              onChange={() => setStrategy(name)}
            />
            <span>
              <code>{name}</code> <span className="dim">{summary}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {strategy === 'bounded' && (
        <label>
          Preemptions at most
          <input
            type="number"
            min={0}
            max={20}
            value={preemptions}
            onChange={({ target }) => setPreemptions(target.valueAsNumber || 0)}
          />
        </label>
      )}
      <label>
        Stop after so many seconds (0: never)
        <input
          type="number"
          min={0}
          max={86_400}
          value={seconds}
          onChange={({ target }) => setSeconds(target.valueAsNumber || 0)}
        />
      </label>
      <label>
        <input
          type="checkbox"
          checked={stopAtFirst}
          onChange={({ target }) => setStopAtFirst(target.checked)}
        />
        Stop at the first find
      </label>
      <div className="actions">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" className="primary">
          Explore
        </button>
      </div>
    </form>
  );
}

import { useState } from 'react';
import { useSelector, useWorkbench } from '../../state/workbench.ts';

const NO_PATCH = 'none';

/** On which kernels the scenario shall be tried. */
export function Matrix({ close }: { close: () => void }) {
  const workbench = useWorkbench();
  const catalogue = useSelector((state) => state.catalogue);
  const own = useSelector(({ activeDocument, checks }) =>
    activeDocument === null ? null : (checks.get(activeDocument)?.kernel ?? null),
  );
  const [trees, setTrees] = useState<readonly string[]>(() => [own?.tree ?? catalogue?.defaultTree ?? '']);
  const [patches, setPatches] = useState<readonly string[]>([NO_PATCH]);
  const [explore, setExplore] = useState(false);
  const fitting = (catalogue?.patches ?? []).filter((patch) =>
    trees.some((tree) => patch.trees.includes(tree)),
  );
  const start = () => {
    close();
    workbench.attempt(
      workbench.searches.startMatrix({
        trees: [...trees],
        patches: patches.map((name) => (name === NO_PATCH ? [] : [name])),
        configs: [{}],
        explore,
        iterations: 1,
        executions: explore ? 2000 : null,
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
      <Choices
        legend="Trees"
        names={(catalogue?.trees ?? []).map(({ name, description }) => [name, description])}
        chosen={trees}
        choose={setTrees}
      />
      <Choices
        legend="Patches, each on its own"
        names={[[NO_PATCH, 'The tree as it is'], ...fitting.map(({ name, title }) => [name, title] as const)]}
        chosen={patches}
        choose={setPatches}
      />
      <label>
        <input type="checkbox" checked={explore} onChange={({ target }) => setExplore(target.checked)} />
        Explore interleavings (up to 2000 executions each) instead of one timed run
      </label>
      <div className="actions">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" className="primary" disabled={trees.length === 0 || patches.length === 0}>
          Compare {trees.length * patches.length} kernels
        </button>
      </div>
    </form>
  );
}

interface ChoicesProps {
  readonly legend: string;
  readonly names: readonly (readonly [name: string, summary: string])[];
  readonly chosen: readonly string[];
  readonly choose: (names: readonly string[]) => void;
}

function Choices({ legend, names, chosen, choose }: ChoicesProps) {
  const toggle = (name: string) =>
    choose(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);
  return (
    <fieldset className="choices">
      <legend>{legend}</legend>
      {names.map(([name, summary]) => (
        <label key={name} title={summary}>
          <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />
          <span>
            <code>{name}</code> <span className="dim">{summary}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

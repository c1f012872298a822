import type { KernelSettings } from '../../../app/service/contract/scenario.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';

/** The patches that fit the tree; they apply in the order in which they are listed. */
export function PatchList({ kernel, own }: { kernel: KernelSettings; own: KernelSettings }) {
  const workbench = useWorkbench();
  const catalogue = useSelector((state) => state.catalogue);
  const fitting = catalogue?.patches.filter(({ trees }) => trees.includes(kernel.tree)) ?? [];
  const toggle = (name: string) => {
    const { patches } = kernel;
    const next = patches.includes(name) ? patches.filter((other) => other !== name) : [...patches, name];
    workbench.kernels.change({ patches: next });
  };
  return (
    <section>
      <h3>Patches</h3>
      {fitting.length === 0 && <p className="dim">None fits {kernel.tree}.</p>}
      {fitting.map(({ name, title, description }) => (
        <label key={name} className="kernel-option" title={description}>
          <input type="checkbox" checked={kernel.patches.includes(name)} onChange={() => toggle(name)} />
          <span>
            <code>{name}</code>
            {own.patches.includes(name) !== kernel.patches.includes(name) && <Changed />}
            <br />
            <span className="dim">{title}</span>
          </span>
        </label>
      ))}
    </section>
  );
}

/** Marks a setting that is not as the scenario says. */
export function Changed() {
  return (
    <span className="badge warn" title="Not as the scenario says">
      changed
    </span>
  );
}

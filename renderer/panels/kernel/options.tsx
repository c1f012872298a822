import { useState } from 'react';
import type { CatalogueData, KernelSettings } from '../../../app/service/contract/scenario.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Changed } from './patch-list.tsx';

type Option = CatalogueData['options'][number];

/** Kconfig options with what they depend on and what they turn on. */
export function Options({ kernel, own }: { kernel: KernelSettings; own: KernelSettings }) {
  const options = useSelector((state) => state.catalogue?.options ?? []);
  const [filter, setFilter] = useState('');
  const wanted = filter.toLowerCase();
  const shown = options.filter(
    ({ name, title, follows }) => follows === null && `${name} ${title}`.toLowerCase().includes(wanted),
  );
  return (
    <section>
      <h3>Configuration</h3>
      <input
        type="search"
        className="kernel-filter"
        placeholder="Filter options"
        aria-label="Filter options"
        value={filter}
        onChange={({ target }) => setFilter(target.value)}
      />
      {shown.map((option) => (
        <OptionRow key={option.name} option={option} kernel={kernel} own={own} />
      ))}
    </section>
  );
}

interface RowProps {
  readonly option: Option;
  readonly kernel: KernelSettings;
  readonly own: KernelSettings;
}

function OptionRow({ option, kernel, own }: RowProps) {
  const workbench = useWorkbench();
  const { name, title, description, choices, dependsOn, selects } = option;
  const value = kernel.config[name];
  const about = [
    description,
    dependsOn.length > 0 ? `Depends on ${dependsOn.join(', ')}.` : '',
    selects.length > 0 ? `Selects ${selects.join(', ')}.` : '',
  ]
    .filter((text) => text !== '')
    .join('\n');
  const label = (
    <span>
      <code>{name}</code>
      {own.config[name] !== value && <Changed />}
      <br />
      <span className="dim">{title}</span>
    </span>
  );
  if (choices !== null) {
    return (
      <label className="kernel-option" title={about}>
        <select
          value={String(value)}
          onChange={({ target }) => workbench.kernels.setOption(name, Number(target.value))}
        >
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
        {label}
      </label>
    );
  }
  return (
    <label className="kernel-option" title={about}>
      <input
        type="checkbox"
        checked={value === true}
        onChange={({ target }) => workbench.kernels.setOption(name, target.checked)}
      />
      {label}
    </label>
  );
}

import { kconfig, type ConfigChange } from '../../kernel/kconfig.ts';
import { catalogue } from '../../scenario/catalogue.ts';
import { InputError } from '../../scenario/issues.ts';
import { loadScenario } from '../../scenario/load.ts';
import {
  DEFAULT_MEMORY,
  resolve,
  type Overrides as LabOverrides,
  type Plan,
} from '../../scenario/resolve.ts';
import type { KernelSettings, Overrides } from '../contract/scenario.ts';
import { writeBack } from './edit.ts';

/** What is run or searched, as plain data: it can go to a worker and into a replay file. */
export interface Request {
  readonly text: string;
  /** As the user knows it. */
  readonly name: string;
  readonly overrides: LabOverrides;
}

/**
 * A scenario with the workbench's settings above its own. What the lab cannot override (CPUs, memory, faults) is
 * written into the text, so that a replay file of the run holds all that it needs.
 */
export function requestOf(text: string, name: string, overrides: Overrides): Request {
  const { cpus, memory, faults, tree, patches, config, append } = overrides;
  const written = {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memory }),
    ...(faults === undefined ? {} : { faults }),
  };
  return {
    text: Object.keys(written).length === 0 ? text : writeBack(text, written),
    name,
    overrides: {
      ...(tree === undefined ? {} : { tree }),
      ...(patches === undefined ? {} : { patches }),
      ...(config === undefined ? {} : { config: changesOf(config) }),
      ...(append === undefined ? {} : { append }),
    },
  };
}

/** Throws an InputError with all that is wrong. */
export function planOfRequest({ text, name, overrides }: Request, seed?: number): Plan {
  const loaded = loadScenario(text, name);
  if (!loaded.ok) throw new InputError(loaded.issues);
  return resolve(loaded.value, loaded.source, catalogue, {
    ...overrides,
    ...(seed === undefined ? {} : { seed }),
  });
}

export function changesOf(config: Readonly<Record<string, boolean | number>>): ConfigChange[] {
  return Object.entries(config).map(([name, value]) => ({
    name,
    value: typeof value === 'number' ? value : value ? 'y' : 'n',
  }));
}

/** A plan's kernel with everything filled in. */
export function settingsOf(plan: Plan): KernelSettings {
  const { tree, patches, config, append, cpus, scenario } = plan;
  return {
    tree: tree.name,
    patches: patches.map(({ name }) => name),
    config: Object.fromEntries(kconfig.map(({ name }) => [name, config[name]])),
    append: [...append].map(([name, value]) => (value === '' ? name : `${name}=${value}`)),
    cpus,
    memory: scenario.kernel?.memory ?? DEFAULT_MEMORY,
    faults: [...(scenario.faults ?? [])],
  };
}

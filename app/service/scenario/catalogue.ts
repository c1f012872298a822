import { kconfig } from '../../kernel/kconfig.ts';
import { catalogue } from '../../scenario/catalogue.ts';
import type { CatalogueData } from '../contract/scenario.ts';
import { bootArguments } from './boot-arguments.ts';
import type { Sources } from './sources.ts';

/** Everything that a scenario can name, for editors and the kernel panel. */
export function catalogueData(sources: Sources): CatalogueData {
  return {
    defaultTree: catalogue.defaultTree.name,
    trees: catalogue.trees.map(({ name, description, release }) => ({ name, description, release })),
    patches: catalogue.patches.map(({ name, title, description, appliesTo, replacements }) => ({
      name,
      title,
      description,
      trees: [...appliesTo],
      symbols: [...new Set(replacements.map(({ symbol }) => symbol.name))],
      source: sources.findNamed(name)?.file ?? null,
    })),
    options: kconfig.map((option) => ({
      name: option.name,
      title: option.title,
      description: option.help,
      choices: option.type === 'bool' ? null : [...option.type],
      default: option.default,
      dependsOn: [...(option.dependsOn ?? [])],
      selects: [...(option.selects ?? [])],
      follows: option.follows ?? null,
    })),
    bootArguments: bootArguments.map((argument) => ({ ...argument })),
    programs: catalogue.programs.map(({ name, description, usage, options }) => ({
      name,
      description,
      usage,
      options: options.map(({ flag, value, description: text }) => ({
        name: value === undefined ? flag : `${flag} ${value}`,
        description: text,
      })),
      source: sources.findNamed(name)?.file ?? null,
    })),
    traceEvents: sources.traceEvents().map(([name, { file, line }]) => ({
      name,
      description: `emitted in ${file}:${line}`,
    })),
    costs: catalogue.costs.map(({ name, description }) => ({ name, description })),
    probes: catalogue.probes.map(({ name, description }) => ({ name, description })),
  };
}

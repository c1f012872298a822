import { programs } from '../console/programs/index.ts';
import { usageOf, type ProgramOption } from '../console/programs/program.ts';
import { patches } from '../kernel/patches/index.ts';
import { defaultTree, trees } from '../kernel/trees/index.ts';
import { costModels } from './costs.ts';
import { probes } from './probes.ts';
import type { Catalogue, Described } from './resolve.ts';

/** A program as lists and editors show it. */
export interface ProgramEntry extends Described {
  readonly usage: string;
  readonly options: readonly ProgramOption[];
}

interface FullCatalogue extends Catalogue {
  readonly programs: readonly ProgramEntry[];
}

/** Everything that a scenario can name, of this Scythe. */
export const catalogue: FullCatalogue = {
  trees,
  defaultTree,
  patches,
  programs: programs.map((program) => ({
    name: program.name,
    description: program.summary,
    usage: usageOf(program).replace(/^usage: /, ''),
    options: program.options,
  })),
  costs: costModels,
  probes,
};

import { catalogue } from '../scenario/catalogue.ts';
import { formatIssue, InputError } from '../scenario/issues.ts';
import { loadScenario } from '../scenario/load.ts';
import { resolve, type Plan } from '../scenario/resolve.ts';
import type { Arguments } from './arguments.ts';
import { readConfigFile } from './configure.ts';
import { VngFailure } from './failure.ts';

/** The kernel, the faults and the costs of a scenario file; its script is left to the user to type. */
export function planOfScenario(file: string, args: Arguments): Plan {
  try {
    const loaded = loadScenario(readConfigFile(file), file);
    if (!loaded.ok) throw new InputError(loaded.issues);
    const run = args.text('run');
    return resolve(loaded.value, loaded.source, catalogue, run === null || run === '' ? {} : { tree: run });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new VngFailure(error.issues.map(formatIssue).join('\n'), 2);
  }
}

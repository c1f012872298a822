import { catalogue } from '../../scenario/catalogue.ts';
import { scenarioJsonSchema } from '../../scenario/json-schema.ts';
import type { Area } from '../area.ts';
import { catalogueData } from './catalogue.ts';
import { checkScenario } from './check.ts';
import { formatScenario, writeBack } from './edit.ts';
import { resolveKernel } from './kernel.ts';
import type { Sources } from './sources.ts';

/** What editors and the kernel panel ask. Answers follow from the questions: nothing is kept but what was read once. */
export function scenarioArea(sources: Sources): Area {
  return {
    methods: {
      'scenario/catalogue': () => catalogueData(sources),
      'scenario/schema': () => ({ schema: scenarioJsonSchema(catalogue) }),
      'scenario/check': ({ text, path }) => checkScenario(text, path),
      'scenario/format': ({ text }) => ({ text: formatScenario(text) }),
      'kernel/resolve': ({ text, overrides }) => resolveKernel(text, overrides),
      'kernel/write-back': ({ text, overrides }) => ({ text: writeBack(text, overrides) }),
      'source/list': () => ({ files: sources.files() }),
      'source/read': ({ file }) => ({ text: sources.read(file) }),
      'source/find': ({ name, tree }) => sources.find(name, tree),
    },
  };
}

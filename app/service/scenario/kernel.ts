import { kconfig, type KconfigOption } from '../../kernel/kconfig.ts';
import { formatIssue, InputError } from '../../scenario/issues.ts';
import type { Plan } from '../../scenario/resolve.ts';
import type { Result } from '../area.ts';
import type { KernelSettings, Overrides } from '../contract/scenario.ts';
import { planOfRequest, requestOf, settingsOf } from './plan.ts';

/** What becomes of a scenario's kernel with overrides. Names all that is wrong rather than failing. */
export function resolveKernel(text: string, overrides: Overrides): Result<'kernel/resolve'> {
  const own = attempt(() => planOfRequest(requestOf(text, 'scenario', {})));
  const changed = attempt(() => planOfRequest(requestOf(text, 'kernel', overrides)));
  if ('issues' in changed) {
    return { kernel: 'issues' in own ? NOTHING : settingsOf(own.plan), notes: [], issues: changed.issues };
  }
  const notes = 'issues' in own ? [] : notesOn(own.plan, changed.plan, overrides);
  return { kernel: settingsOf(changed.plan), notes, issues: [] };
}

type Attempt = { readonly plan: Plan } | { readonly issues: string[] };

function attempt(make: () => Plan): Attempt {
  try {
    return { plan: make() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { issues: error.issues.map(formatIssue) };
  }
}

/** What is shown of a text that is no scenario. */
const NOTHING: KernelSettings = {
  tree: '',
  patches: [],
  config: {},
  append: [],
  cpus: 0,
  memory: '',
  faults: [],
};

/** Options that went along with those that were asked for, and why. */
function notesOn(own: Plan, changed: Plan, { config: asked = {} }: Overrides): string[] {
  const named = new Set(Object.keys(asked).map((name) => name.replace(/^CONFIG_/, '')));
  return kconfig
    .filter(({ name }) => own.config[name] !== changed.config[name] && !named.has(name))
    .map((option) => `${option.name}=${show(changed.config[option.name])}: ${reasonOf(option, changed)}`);
}

function reasonOf({ name, dependsOn = [], follows }: KconfigOption, { config }: Plan): string {
  if (follows !== undefined) return `it follows ${follows}`;
  const selector = kconfig.find(
    (each) => each.selects?.includes(name) === true && config[each.name] === true,
  );
  if (selector !== undefined && config[name] === true) return `selected by ${selector.name}`;
  const unmet = dependsOn.find((each) => {
    const not = each.startsWith('!');
    return (config[each.replace('!', '') as keyof Plan['config']] === true) === not;
  });
  if (unmet !== undefined) return `it depends on ${unmet}`;
  return 'its dependencies are met now';
}

function show(value: boolean | number): string {
  return typeof value === 'number' ? String(value) : value ? 'y' : 'n';
}

import { kconfig } from '../../kernel/kconfig.ts';
import { catalogue } from '../../scenario/catalogue.ts';
import { loadScenario } from '../../scenario/load.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { bundledScenarios, print, readText } from '../files.ts';
import { Palette } from '../terminal.ts';

/** One thing of a list: its name, one line, and whatever else `--json` gives. */
interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export const LISTS = ['trees', 'patches', 'config', 'programs', 'scenarios'] as const;
export type ListName = (typeof LISTS)[number];

/** `scythe list`: what scenarios and the command line can name. */
export function list(what: ListName, flags: { readonly json?: boolean }): ExitCode {
  const entries = listers[what]();
  if (flags.json === true) {
    print(
      `${JSON.stringify(
        entries.map(({ name, details }) => ({ name, ...details })),
        null,
        2,
      )}\n`,
    );
    return EXIT.MET;
  }
  const palette = Palette.of(process.stdout);
  const width = Math.max(...entries.map(({ name }) => name.length));
  for (const { name, summary } of entries) {
    print(`${palette.paint('bold', name.padEnd(width))}  ${summary}\n`);
  }
  return EXIT.MET;
}

const listers: Readonly<Record<ListName, () => Entry[]>> = {
  trees: () =>
    catalogue.trees.map(({ name, description, release }) => ({
      name,
      summary: `${release}: ${description}`,
      details: { release, description },
    })),
  patches: () =>
    catalogue.patches.map(({ name, title, description, appliesTo }) => ({
      name,
      summary: `${title} [${appliesTo.join(', ')}]`,
      details: { title, description, appliesTo },
    })),
  config: () =>
    kconfig.map(({ name, title, help, type, default: value, dependsOn = [], selects = [], follows }) => {
      const setting = typeof value === 'number' ? value : value ? 'y' : 'n';
      const values = type === 'bool' ? ['y', 'n'] : type;
      return {
        name,
        summary: `${String(setting).padEnd(4)} ${title}`,
        details: { title, help, values, default: setting, dependsOn, selects, follows: follows ?? null },
      };
    }),
  programs: () =>
    catalogue.programs.map(({ name, description, usage, options }) => ({
      name,
      summary: description,
      details: { description, usage, options },
    })),
  scenarios: () =>
    bundledScenarios().map(({ name, path }) => {
      const loaded = loadScenario(readText(path, ''), path);
      const title = loaded.ok ? loaded.value.title : '(does not load)';
      const description = loaded.ok ? (loaded.value.description ?? '') : '';
      return { name, summary: title, details: { path, title, description } };
    }),
};

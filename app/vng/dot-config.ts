import type { Config } from '../kernel/config.ts';
import { kconfig, type ConfigChange } from '../kernel/kconfig.ts';
import type { Tree } from '../kernel/tree.ts';

/** The suffix that virtme-ng gives to the kernels that it builds. */
export const LOCAL_VERSION = '-virtme';

/** One setting in a .config or a fragment of one. */
export interface Setting {
  /** Without `CONFIG_`. */
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/** The .config of a modelled kernel: the options that the model knows, in the form of the kernel's own file. */
export function formatDotConfig(config: Config, tree: Tree): string {
  const lines = kconfig.flatMap(({ name, type }) => {
    const value = config[name];
    if (typeof value === 'boolean') return [value ? `CONFIG_${name}=y` : `# CONFIG_${name} is not set`];
    const members = type === 'bool' ? [] : type;
    const choices = members.map((member) =>
      member === value ? `CONFIG_${name}_${member}=y` : `# CONFIG_${name}_${member} is not set`,
    );
    return [...choices, `CONFIG_${name}=${value}`];
  });
  return [
    '#',
    '# Automatically generated file; DO NOT EDIT.',
    `# Linux/x86 ${tree.release} Kernel Configuration`,
    '#',
    `${MARK} ${tree.name}: all options that the model knows.`,
    ...lines,
    '',
  ].join('\n');
}

const MARK = '# Written by Scythe for its model of';

/** Did Scythe write it? */
export function isOurs(text: string): boolean {
  return text.includes(`\n${MARK} `);
}

/** The release that a .config was made for: `6.12.117`; null if it does not say. */
export function releaseOf(text: string): string | null {
  return /^# Linux\/\S+ (\S+) Kernel Configuration$/m.exec(text)?.[1] ?? null;
}

/** All settings of a .config or a fragment. A line that is neither a setting nor a comment is handed to `bad`. */
export function parseSettings(text: string, bad: (line: number, text: string) => void): Setting[] {
  const settings: Setting[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    const unset = /^# CONFIG_(\w+) is not set$/.exec(line);
    const set = /^(?:CONFIG_)?([A-Z0-9]\w*)=(.*)$/.exec(line);
    if (unset !== null) settings.push({ name: unset[1], value: 'n', line: index + 1 });
    else if (set !== null)
      settings.push({ name: set[1], value: set[2].replace(/^"(.*)"$/, '$1'), line: index + 1 });
    else if (line !== '' && !line.startsWith('#')) bad(index + 1, line);
  }
  return settings;
}

/** What the model makes of a setting: a wish, or null if it is about an option that the model does not have. */
export function wishOf({ name, value }: Setting): ConfigChange | 'bad-value' | null {
  const option = kconfig.find((each) => each.name === name);
  const choice = /^([A-Z]+)_(\d+)$/.exec(name);
  const member =
    choice !== null &&
    kconfig.some(
      ({ name: of, type }) => of === choice[1] && type !== 'bool' && type.includes(Number(choice[2])),
    );
  if (option === undefined && !member) return null;
  if (value === 'y' || value === 'n') return { name, value };
  // KVM is a module in many configurations; a modelled kernel has it built in.
  if (value === 'm' && name === 'KVM') return { name, value: 'y' };
  if (option !== undefined && option.type !== 'bool' && option.type.includes(Number(value))) {
    return { name, value: Number(value) };
  }
  return 'bad-value';
}

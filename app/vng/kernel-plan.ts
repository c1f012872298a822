import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { didYouMean } from '../base/suggest.ts';
import type { Config } from '../kernel/config.ts';
import type { FaultRule } from '../kernel/faults.ts';
import { defaultConfig, differences, kconfig } from '../kernel/kconfig.ts';
import { patches as allPatches } from '../kernel/patches/index.ts';
import type { Patch, Tree } from '../kernel/tree.ts';
import { defaultTree } from '../kernel/trees/index.ts';
import { costModels } from '../scenario/costs.ts';
import type { Plan } from '../scenario/resolve.ts';
import type { CostModel } from '../sim/timed.ts';
import type { Arguments } from './arguments.ts';
import { readConfigFile, settle } from './configure.ts';
import { LOCAL_VERSION, parseSettings, releaseOf } from './dot-config.ts';
import { VngFailure } from './failure.ts';
import type { Host } from './host.ts';
import { findEra, isVersion, nearestEra, treeOfVersion } from './versions.ts';

/** What is booted, and on what machine. */
export interface KernelPlan {
  readonly tree: Tree;
  readonly patches: readonly Patch[];
  readonly config: Config;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly faults: readonly FaultRule[];
  readonly costs: CostModel;
  /** The name of the cost model, as scenarios have it. */
  readonly costName: string;
  readonly seed: number;
  /** Words for the kernel's command line. */
  readonly append: readonly string[];
}

export const DEFAULT_CPUS = 2;
export const DEFAULT_MEMORY = 1024 * 1024 * 1024;

/** Chooses the kernel as the command line asks for it; throws what virtme-ng would say if there is none. */
export function planKernel(args: Arguments, host: Host, scenario: Plan | null): KernelPlan {
  const { tree, config } = scenario ?? chooseKernel(args, host);
  const costName = args.has('disable_kvm') ? 'tcg' : 'default';
  const named = costModels.find(({ name }) => name === costName) ?? costModels[0];
  const settings = args.list('configitem');
  const changed = settings.length === 0 ? config : withItems(config, settings, host);
  return {
    tree,
    config: changed,
    patches:
      scenario !== null && !args.has('patch') ? scenario.patches : choosePatches(args.list('patch'), tree),
    cpus: args.cpus ?? scenario?.cpus ?? DEFAULT_CPUS,
    memory: args.memory ?? scenario?.memory ?? DEFAULT_MEMORY,
    faults: scenario?.faults ?? [],
    costs: scenario?.costs ?? named.costs,
    costName: scenario === null ? costName : 'default',
    seed: args.has('seed') ? args.seed : (scenario?.seed ?? args.seed),
    append: [...appendOf(scenario), ...args.append],
  };
}

function appendOf(scenario: Plan | null): string[] {
  return [...(scenario?.append ?? [])].map(([name, value]) => (value === '' ? name : `${name}=${value}`));
}

function chooseKernel(args: Arguments, host: Host): Pick<KernelPlan, 'tree' | 'config'> {
  const wanted = args.text('run');
  if (wanted === '') return { tree: defaultTree, config: defaultConfig() };
  if (wanted === null) return builtIn(args.folder ?? host.cwd, host);
  if (existsSync(wanted)) {
    const folder = statSync(wanted).isDirectory() ? wanted : folderOfImage(wanted);
    return builtIn(folder, host);
  }
  if (isVersion(wanted)) {
    const tree = treeOfVersion(wanted);
    return { tree, config: defaultConfig(tree) };
  }
  throw new VngFailure(`${wanted} does not exist`);
}

/** `linux/arch/x86/boot/bzImage` stands for `linux`. */
function folderOfImage(image: string): string {
  const boot = dirname(image);
  return /arch[/\\]x86[/\\]boot$/.test(boot) ? join(boot, '../../..') : boot;
}

/** What --build made in a folder. */
function builtIn(folder: string, host: Host): Pick<KernelPlan, 'tree' | 'config'> {
  const file = join(folder, '.config');
  // In a home folder `.config` is a folder, with the settings of programs.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    const image = join(folder, 'arch/x86/boot/bzImage');
    throw new VngFailure(
      `kernel file ${image} does not exist, try --build to build the kernel\n` +
        '(or --run v6.12: every modelled kernel is there, as the debug kernel of the lab; scythe list trees)',
    );
  }
  const text = readConfigFile(file);
  const release = releaseOf(text);
  const tree = release === null ? defaultTree : (findEra(release) ?? nearestEra(release));
  if (release === null || findEra(release) === null) {
    host.err(`${file} is for ${release ?? 'an unknown version'}: the model of ${tree.name} is booted\n`);
  }
  const known = new Set(
    kconfig.flatMap(({ name, type }) =>
      type === 'bool' ? [name] : [name, ...type.map((n) => `${name}_${n}`)],
    ),
  );
  const all = parseSettings(text, (line) => {
    host.err(`${file}:${line}:warning: unexpected data\n`);
  });
  // A .config of a real kernel has thousands of other options: they are none of the model's business.
  const settings = all.filter(({ name }) => known.has(name));
  const absent = kconfig
    .filter(({ name, type }) => type === 'bool' && name !== 'SCYTHE_INVARIANTS' && name !== 'SMP')
    .filter(({ name }) => !settings.some((setting) => setting.name === name))
    .map(({ name }) => ({ name, value: 'n', line: 0 }));
  const { config, messages } = settle([{ name: file, settings: [...settings, ...absent] }], []);
  for (const message of messages) if (!message.startsWith(`${file}:0:`)) host.err(`${message}\n`);
  return { tree: { ...tree, release: tree.release + LOCAL_VERSION }, config };
}

/** --configitem without --build: nothing has to be compiled, so it holds at once. */
function withItems(config: Config, items: readonly string[], host: Host): Config {
  const base = Object.entries(differences(config)).map(([name, value]) => ({ name, value }));
  const text = items.map((item) => (item.startsWith('CONFIG_') ? item : `CONFIG_${item}`)).join('\n');
  const bad = (_line: number, content: string) => {
    throw new VngFailure(`--configitem ${content}: write ITEM=VAL, such as CONFIG_PREEMPT_RT=y`);
  };
  const settled = settle([{ name: '--configitem', settings: parseSettings(text, bad) }], base);
  for (const message of settled.messages) host.err(`${message}\n`);
  return settled.config;
}

function choosePatches(names: readonly string[], tree: Tree): Patch[] {
  return names
    .filter((name) => name !== 'none')
    .map((name) => {
      const patch = allPatches.find((each) => each.name === name);
      if (patch === undefined) {
        const guess = didYouMean(
          name,
          allPatches.map((each) => each.name),
        );
        throw new VngFailure(`unknown patch "${name}"${guess} (scythe list patches)`);
      }
      if (!patch.appliesTo.includes(tree.name)) {
        const fit = patch.appliesTo.join(', ');
        throw new VngFailure(`the patch "${name}" does not apply to ${tree.name} (it fits: ${fit})`);
      }
      return patch;
    });
}

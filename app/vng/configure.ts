import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../kernel/config.ts';
import { kconfig, resolveConfig, type ConfigChange, type ConfigIssue } from '../kernel/kconfig.ts';
import type { Tree } from '../kernel/tree.ts';
import type { Arguments } from './arguments.ts';
import { formatDotConfig, isOurs, LOCAL_VERSION, parseSettings, wishOf, type Setting } from './dot-config.ts';
import { VngFailure } from './failure.ts';
import type { Host } from './host.ts';
import { reasonOf } from './reason.ts';
import { treeOfFolder, treeOfVersion } from './versions.ts';

/** A larger file is no kernel configuration. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * What virtme-ng's minimal configuration gives where nobody asks for more: no lockdep, no KASAN, no PREEMPT_RT.
 * All that is not here is off, except options that follow others.
 */
const MINIMAL: Readonly<Record<string, 'y' | number>> = {
  ...{ SMP: 'y', HZ: 1000, KVM: 'y', MMU_NOTIFIER: 'y', MEMCG: 'y', PREEMPT_RCU: 'y' },
  SCYTHE_INVARIANTS: 'y',
};

/** Settings with where they come from, for messages. */
interface Source {
  readonly title: string;
  readonly name: string;
  readonly text: string;
  readonly settings: readonly Setting[];
}

/** `vng --build` and `vng --kconfig`: writes the .config of a modelled kernel; there is nothing to compile. */
export function configureKernel(args: Arguments, host: Host): number {
  const folder = args.folder ?? host.cwd;
  const file = join(folder, '.config');
  const tree = chooseTree(args, folder);
  const sources = gatherSources(args, host);
  const jobs = args.number('jobs') ?? host.cpus;
  const building = args.action === 'build';
  if (args.has('dry_run')) {
    if (!building) host.out(fragmentText(sources));
    else for (const command of commands(args, jobs)) host.out(`${command}\n`);
    return 0;
  }
  if (building && existsSync(file) && !args.has('force')) {
    if (args.verbosity > 0) host.out('.config file exists: no modifications have been done\n');
    if (sources.length > 0) host.err('the existing .config is kept: --force sets what was asked for\n');
  } else {
    say(host, '🔧 configuring kernel');
    const { config, messages } = settle(sources);
    for (const message of messages) host.err(`${message}\n`);
    write(folder, file, formatDotConfig(config, { ...tree, release: tree.release + LOCAL_VERSION }), host);
    if (args.verbosity > 0) {
      host.out('#\n# configuration written to .config\n#\n');
      host.out(`Configured.  Build with 'make ARCH=x86 -j${jobs}'\n`);
    }
  }
  if (!building) return 0;
  say(host, '⚙️c building kernel');
  if (args.verbosity > 0) {
    for (const command of commands(args, jobs)) host.out(`cmd: ${command}\n`);
    host.out('Kernel: arch/x86/boot/bzImage is ready  (#1)\n');
  }
  return 0;
}

/** virtme-ng shows a spinner, on a terminal only. Here nothing takes long enough to turn. */
function say(host: Host, message: string): void {
  if (host.outIsTerminal) host.out(`${message} (0 sec)\n`);
}

function commands(args: Arguments, jobs: number): string[] {
  const target = args.has('skip_modules') ? ' bzImage' : '';
  const variables = args.makeVariables.map((each) => ` ${each}`).join('');
  return [`make${target} LOCALVERSION=${LOCAL_VERSION}${variables} -j ${jobs}`];
}

function chooseTree(args: Arguments, folder: string): Tree {
  const wanted = args.text('commit');
  if (wanted !== null && args.action !== 'build') throw new VngFailure('--commit is only for --build');
  return wanted === null ? treeOfFolder(folder) : treeOfVersion(wanted);
}

function gatherSources(args: Arguments, host: Host): Source[] {
  const personal = join(homedir(), '.config/virtme-ng/kernel.config');
  const files = [...(existsSync(personal) ? [personal] : []), ...args.list('config')];
  const items = args.list('configitem').map((item) => {
    const text = item.startsWith('CONFIG_') ? item : `CONFIG_${item}`;
    if (/^\w+=.*$/.test(text)) return text;
    throw new VngFailure(`--configitem ${item}: write ITEM=VAL, such as CONFIG_PREEMPT_RT=y`);
  });
  const sources = files.map((name) => sourceOf(name, 'Custom config', readFragment(name, host), host));
  if (items.length === 0) return sources;
  return [...sources, sourceOf('--configitem', 'final config-item mods', `${items.join('\n')}\n`, host)];
}

function sourceOf(name: string, title: string, text: string, host: Host): Source {
  const bad = (line: number, content: string) =>
    host.err(`${name}:${line}:warning: unexpected data: ${content.slice(0, 80)}\n`);
  return { name, title, text, settings: parseSettings(text, bad) };
}

function readFragment(name: string, host: Host): string {
  if (name === '-') return host.readStdin(MOST_BYTES);
  return readConfigFile(name);
}

/** The text of a .config or a fragment, in bounds. */
export function readConfigFile(name: string): string {
  try {
    if (statSync(name).size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw new VngFailure(`${name} cannot be read: ${reasonOf(error)}`);
  }
}

function fragmentText(sources: readonly Source[]): string {
  const parts = sources.map(
    ({ name, title, text }) => `##: ${title}${title === 'Custom config' ? ` ${name}` : ''}\n${text}`,
  );
  const minimal = Object.entries(MINIMAL).map(([name, value]) => `CONFIG_${name}=${value}\n`);
  return ['##: Generic options of the model\n', ...minimal, '\n', parts.join('\n')].join('');
}

export interface Settled {
  readonly config: Config;
  /** What the kernel's own tools would say, one line each. */
  readonly messages: readonly string[];
}

/** Resolves what was asked for over the minimal configuration; says what could not be had, and why. */
export function settle(
  sources: readonly Pick<Source, 'name' | 'settings'>[],
  base = minimalChanges(),
): Settled {
  const messages: string[] = [];
  const wishes = new Map<string, ConfigChange>();
  for (const { name: origin, settings } of sources) {
    for (const setting of settings) {
      const wish = wishOf(setting);
      const place = `${origin}:${setting.line}:warning`;
      if (wish === null)
        messages.push(`${place}: unknown symbol: ${setting.name} (the model has no such option)`);
      else if (wish === 'bad-value') {
        messages.push(`${place}: symbol value '${setting.value}' invalid for ${setting.name}`);
      } else {
        const before = wishes.get(wish.name);
        if (before !== undefined && before.value !== wish.value) {
          messages.push(`${place}: override: reassigning to symbol ${wish.name}`);
        }
        wishes.delete(wish.name);
        wishes.set(wish.name, wish);
      }
    }
  }
  return { config: resolveAll(base, wishes, messages), messages };
}

/** Drops what cannot be had, as `make olddefconfig` does, until the rest can. */
function resolveAll(base: ConfigChange[], wishes: Map<string, ConfigChange>, messages: string[]): Config {
  let ground = base;
  for (;;) {
    const result = resolveConfig([...ground, ...wishes.values()]);
    if (result.ok) return result.config;
    for (const issue of result.issues) {
      const name = issue.option.replace(/^CONFIG_/, '');
      const wish = wishes.get(name);
      if (wish !== undefined) messages.push(...lost(wish, issue));
      wishes.delete(name);
      ground = ground.filter((each) => each.name !== name);
    }
  }
}

/** As the kernel's merge_config.sh says it, and the reason that the model knows. */
function lost({ name, value }: ConfigChange, { message, fix }: ConfigIssue): string[] {
  return [
    `Value requested for CONFIG_${name} not in final .config`,
    `Requested value:  ${value === 'n' ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`}`,
    `Reason:           ${message} (${fix})`,
  ];
}

function minimalChanges(): ConfigChange[] {
  return kconfig.flatMap(({ name, type, follows, dependsOn }): ConfigChange[] => {
    const value = MINIMAL[name];
    if (value !== undefined) return [{ name, value }];
    return type !== 'bool' || follows !== undefined || dependsOn !== undefined ? [] : [{ name, value: 'n' }];
  });
}

/** Writes a .config. One that is there is kept as .config.old, as the kernel's own tools do. */
function write(folder: string, file: string, text: string, host: Host): void {
  try {
    mkdirSync(folder, { recursive: true });
    if (existsSync(file)) {
      renameSync(file, `${file}.old`);
      if (!isOurs(readConfigFile(`${file}.old`))) {
        host.err(`${file} was not written by Scythe: it is kept as .config.old\n`);
      }
    }
    writeFileSync(file, text);
  } catch (error) {
    if (error instanceof VngFailure) throw error;
    throw new VngFailure(`${file} cannot be written: ${reasonOf(error)}`);
  }
}

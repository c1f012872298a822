import type { Parsed } from './argparse.ts';
import { UsageError } from './argparse.ts';
import { VngFailure } from './failure.ts';
import { destOf, optionTable } from './options.ts';
import { commandOf, splitWords } from './shell-words.ts';

/** What `vng` does; `run` where nothing else is asked for. */
export type Action = 'run' | 'build' | 'kconfig';

const ARCHITECTURES = ['amd64', 'arm64', 'armhf', 'ppc64el', 's390x', 'riscv64'];

/** A checked command line. */
export class Arguments {
  private readonly values: ReadonlyMap<string, unknown>;
  /** Make variables, `O=build`; when running, `O=` counts too. */
  readonly folder: string | null;
  private readonly words: readonly string[];

  constructor({ values, positionals }: Parsed) {
    this.values = values;
    const folder = positionals.findLast((word) => /^O=/.test(word));
    this.folder = folder === undefined ? null : folder.slice(2);
    this.words = positionals.filter((word) => !word.startsWith('O='));
  }

  get action(): Action {
    if (this.has('build')) return 'build';
    return this.has('kconfig') ? 'kconfig' : 'run';
  }

  has(dest: string): boolean {
    return this.values.has(dest);
  }

  text(dest: string): string | null {
    const value = this.values.get(dest);
    return typeof value === 'string' ? value : typeof value === 'number' ? `${value}` : null;
  }

  list(dest: string): readonly string[] {
    const value = this.values.get(dest);
    return Array.isArray(value) ? (value as string[]) : typeof value === 'string' ? [value] : [];
  }

  number(dest: string): number | null {
    const text = this.text(dest);
    return text === null ? null : Number(text.replaceAll('_', ''));
  }

  /** How much is said: 0 nothing but results, 1 with the kernel's log, 2 with debug messages too. */
  get verbosity(): number {
    if (this.has('quiet')) return 0;
    const value = this.values.get('verbose');
    return typeof value === 'number' ? value : value === true ? 1 : 0;
  }

  /** What the guest runs; null for an interactive session. */
  get command(): string | null {
    const exec = this.text('exec');
    if (exec !== null) return exec;
    return this.words.length === 0 ? null : commandOf(this.words);
  }

  /** With --build, what is handed to make. */
  get makeVariables(): readonly string[] {
    return [...(this.folder === null ? [] : [`O=${this.folder}`]), ...this.words];
  }

  /** The words of all --append options. */
  get append(): readonly string[] {
    return this.list('append').flatMap(splitWords);
  }

  get cpus(): number | null {
    const cpus = this.number('cpus');
    if (cpus !== null && !(cpus >= 1 && cpus <= MOST_CPUS)) {
      throw new UsageError(`argument --cpus/-p: ${cpus} CPUs cannot be; the model has 1 to ${MOST_CPUS}`);
    }
    return cpus;
  }

  /** In bytes. */
  get memory(): number | null {
    const text = this.text('memory');
    if (text === null) return null;
    const match = /^(\d{1,9})([KMGT]?)B?$/i.exec(text.trim());
    const bytes = match === null ? 0 : Number(match[1]) * UNITS[match[2].toUpperCase()];
    if (bytes === 0) {
      const fix = 'write 512M, 2G, or a number of megabytes';
      throw new UsageError(`argument --memory/-m: invalid size: '${text}' (${fix})`);
    }
    return bytes;
  }

  /** Guest seconds per second; null where nothing was said. */
  get realtime(): number | null {
    const text = this.text('realtime');
    if (text === null) return null;
    const factor = Number(text);
    if (text.trim() === '' || !(factor >= 0 && factor <= 1e6)) {
      throw new UsageError(
        `argument --realtime: invalid factor: '${text}' (write 1, 0.5, 20; 0 is unbridled)`,
      );
    }
    return factor;
  }

  get seed(): number {
    return this.number('seed') ?? 1;
  }

  /** Throws for what contradicts itself, with virtme-ng's messages. Only what running needs is checked. */
  check(): void {
    // Each of them throws for a value that cannot be.
    for (const name of ['cpus', 'memory', 'realtime'] as const) Reflect.get(this, name);
    if (this.has('console') && this.has('ssh')) throw new VngFailure('--console cannot be used with --ssh');
    if (this.has('console_client') && this.has('ssh_client')) {
      throw new VngFailure('--console-client cannot be used with --ssh-client');
    }
    if (this.action !== 'run') return;
    if (this.has('exec') && this.words.length > 0) {
      throw new VngFailure('--exec and positional arguments are mutually exclusive', 1, true);
    }
    if (this.has('graphics') && this.has('fb')) {
      throw new VngFailure('--graphics and --fb are mutually exclusive', 1, true);
    }
    this.checkNuma();
    for (const network of this.list('network')) {
      if (/^(user|loop|bridge(=.+)?)$/.test(network)) continue;
      throw new VngFailure(`--net: invalid choice: '${network}' (choose from user, bridge(=<br>), loop)`);
    }
    this.checkArchitecture();
  }

  private checkNuma(): void {
    const distances = this.list('numa_distance');
    if (distances.length === 0) return;
    if (!this.has('numa')) throw new VngFailure('error: --numa-distance can be used only with --numa');
    for (const distance of distances) {
      if (/^\d+,\d+=\d+$/.test(distance)) continue;
      const form = 'NUMA distance string must be in the format SRC,DST=VAL';
      throw new VngFailure(`error: invalid distance '${distance}', ${form}`);
    }
  }

  private checkArchitecture(): void {
    const arch = this.text('arch');
    if (arch === null) return;
    if (!ARCHITECTURES.includes(arch)) {
      throw new VngFailure(`unsupported architecture (${arch}), available: ${ARCHITECTURES.join(' ')}`);
    }
    if (arch === 'amd64') return;
    if (!this.has('root')) throw new VngFailure('--arch used without --root', 1, true);
    throw new VngFailure(`--arch ${arch}: the modelled machine is x86-64`);
  }

  /** What was asked for and a modelled machine cannot have, in the order of the table. */
  shortcomings(): { readonly text: string; readonly stops: boolean }[] {
    const found = optionTable
      .filter((row) => row.lacks !== undefined && this.has(destOf(row)))
      .map((row) => ({ text: `${longFlag(row.flags)}: ${row.lacks ?? ''}`, stops: row.stops === true }));
    const shell = this.text('shell');
    if (shell !== null && !/(^|\/)(ba)?sh$/.test(shell)) {
      found.push({ text: `--shell: the guest has no ${shell}, it has bash`, stops: false });
    }
    return found;
  }
}

const MOST_CPUS = 64;
const UNITS: Readonly<Record<string, number>> = {
  '': 1024 * 1024,
  K: 1024,
  M: 1024 * 1024,
  G: 1024 * 1024 * 1024,
  T: 1024 * 1024 * 1024 * 1024,
};

function longFlag(flags: readonly string[]): string {
  return flags.find((flag) => flag.startsWith('--')) ?? flags[0];
}

import { Machine } from '../sim/machine.ts';
import { machineInForce } from '../sim/machine-in-force.ts';
import { AddressSpace } from './addresses.ts';
import type { Config } from './config.ts';
import { FaultInjection, type FaultRule } from './faults.ts';
import { createGlobals } from './globals.ts';
import { Hooks } from './hooks.ts';
import type { AnyBody, Replacement } from './kfunc.ts';
import { KernelLog } from './log.ts';
import { IN_SHORT, type SearchDetail } from './search-detail.ts';
import { Tracing } from './trace-events.ts';
import { replacementsOf, type Patch, type Tree } from './tree.ts';

/** What a kernel is built and booted from. */
export interface KernelOptions {
  readonly tree: Tree;
  readonly patches: readonly Patch[];
  readonly config: Config;
  /** Boot arguments, `name` -> value ('' for a flag): `kasan_multi_shot`, `hung_task_panic` … */
  readonly append: ReadonlyMap<string, string>;
  readonly cpus: number;
  /** Bytes of memory that the machine has, if it can run out of it; `mem=` says the same. */
  readonly ram?: number;
  /** What shall go wrong, or may. */
  readonly faults?: readonly FaultRule[];
  /** What a search is to have in full. */
  readonly searchDetail?: Partial<SearchDetail>;
}

/** One modelled kernel on one machine: its build, its globals, its log and the checkers that listen. */
export class Kernel {
  readonly machine: Machine;
  readonly tree: Tree;
  readonly patches: readonly Patch[];
  readonly config: Config;
  readonly append: ReadonlyMap<string, string>;
  readonly cpus: number;
  readonly ram: number | null;
  readonly searchDetail: SearchDetail;
  /** Somebody outside may act at any time, as in an interactive session: that all sleep is not the end. */
  attended = false;
  /** Instances of the variables defined by `kernelGlobal`, by slot. */
  readonly globals: unknown[] = [];
  readonly hooks = new Hooks();
  readonly log: KernelLog;
  readonly addresses = new AddressSpace();
  /** The rules in force. A test may set its own after its set-up. */
  faults: FaultInjection;
  readonly tracing = new Tracing();
  /** Settings by their names in /proc/sys, `kernel.hung_task_timeout_secs`; who owns one knows its default. */
  readonly sysctl = new Map<string, number>();
  /** Bits of `TAINT_*` (kernel/panic.ts). */
  taint = 0;

  constructor(options: KernelOptions, machine = new Machine()) {
    this.machine = machine;
    this.tree = options.tree;
    this.patches = options.patches;
    this.config = options.config;
    this.append = options.append;
    this.cpus = options.cpus;
    this.ram = options.ram ?? null;
    this.searchDetail = { ...IN_SHORT, ...options.searchDetail };
    this.faults = new FaultInjection(options.faults ?? []);
    this.log = new KernelLog(machine);
    machine.world = this;
    this.install(options);
    machine.inside(() => createGlobals(this));
  }

  /** Lays the tree's and then each patch's bodies over the symbols' own, later ones on top. */
  private install({ tree, patches }: KernelOptions): void {
    const { implementations } = this.machine;
    for (const replacement of [replacementsOf(tree), ...patches.map((patch) => patch.replacements)].flat()) {
      const { symbol } = replacement;
      const below = implementations[symbol.index] ?? (symbol.body as AnyBody);
      implementations[symbol.index] = bodyOver(replacement, below);
    }
  }
}

/** Bodies that were made: a new one for each boot would cost a search more than the boot itself. */
const bodies = new WeakMap<Replacement, Map<AnyBody, AnyBody>>();

function bodyOver(replacement: Replacement, below: AnyBody): AnyBody {
  let made = bodies.get(replacement);
  if (made === undefined) bodies.set(replacement, (made = new Map<AnyBody, AnyBody>()));
  let body = made.get(below);
  if (body === undefined) made.set(below, (body = replacement.over(below)));
  return body;
}

/** The kernel whose code runs. */
export function kernel(): Kernel {
  return machineInForce().world as Kernel;
}

/** The configuration of the kernel whose code runs. */
export function config(): Config {
  return kernel().config;
}

import { didYouMean } from '../base/suggest.ts';
import type { Config } from './config.ts';
import type { Tree } from './tree.ts';

/** One option of the kernel's configuration. */
export interface KconfigOption {
  /** The kernel's name without `CONFIG_`. */
  readonly name: keyof Config;
  /** The prompt, or what stands in for one. */
  readonly title: string;
  readonly help: string;
  /** `bool`, or the numbers that a choice offers. */
  readonly type: 'bool' | readonly number[];
  /** As in the debug kernel of the captures, unless the help says otherwise. */
  readonly default: boolean | number;
  /** Options that must be y (or, after `!`, n) for this one to be y. */
  readonly dependsOn?: readonly string[];
  /** Options that are y whenever this one is. */
  readonly selects?: readonly (keyof Config)[];
  /** The option that this one follows: it has no prompt of its own. */
  readonly follows?: keyof Config;
}

const table: { readonly [Name in keyof Config]: Omit<KconfigOption, 'name'> } = {
  PREEMPT_RT: {
    title: 'Fully preemptible kernel (real-time)',
    help: 'spinlock_t and rwlock_t become sleeping locks, interrupts and timers run in threads.',
    type: 'bool',
    default: true,
    selects: ['PREEMPT_RCU'],
  },
  SMP: {
    title: 'Symmetric multi-processing',
    help: 'More than one CPU. The modelled kernels are always built with it.',
    type: 'bool',
    default: true,
  },
  HZ: {
    title: 'Timer frequency',
    help: 'Jiffies per second: all delays of SRCU and of the OOM reaper are counted in them. HZ_100=y and so on say the same.',
    type: [100, 250, 300, 1000],
    default: 250,
  },
  KVM: {
    title: 'Kernel-based virtual machine',
    help: '/dev/kvm; with it mmu notifiers have a subscriber.',
    type: 'bool',
    default: true,
    selects: ['MMU_NOTIFIER'],
  },
  MMU_NOTIFIER: {
    title: 'MMU notifiers',
    help: 'Lets others follow changes of an address space. Selected by those who need it.',
    type: 'bool',
    default: true,
  },
  MEMCG: {
    title: 'Memory controller of cgroups',
    help: 'memory.max and the OOM killer of a cgroup.',
    type: 'bool',
    default: true,
  },
  DEBUG_ATOMIC_SLEEP: {
    title: 'Sleep inside atomic section checking',
    help: 'might_sleep() complains where sleeping is not allowed: "sleeping function called from invalid context".',
    type: 'bool',
    default: true,
  },
  PROVE_LOCKING: {
    title: 'Lock debugging: prove locking correctness',
    help: 'lockdep: recursive and circular locking, interrupt safety; reports list the locks held.',
    type: 'bool',
    default: true,
  },
  PROVE_RAW_LOCK_NESTING: {
    title: 'raw_spinlock - spinlock nesting checks',
    help: 'lockdep also reports a lock that may sleep on PREEMPT_RT inside one that may not: "Invalid wait context". On by default from v7.3 on.',
    type: 'bool',
    default: false,
    dependsOn: ['PROVE_LOCKING'],
  },
  LOCK_STAT: {
    title: 'Lock usage statistics',
    help: 'Counts contention, wait and hold times of every class of locks: /proc/lock_stat, `scythe run --lockstat`.',
    type: 'bool',
    default: false,
  },
  PROVE_RCU: {
    title: 'RCU debugging: prove RCU correctness',
    help: 'lockdep reports RCU-protected accesses outside of read sections: "suspicious RCU usage".',
    type: 'bool',
    default: true,
    follows: 'PROVE_LOCKING',
  },
  KASAN: {
    title: 'KASAN: dynamic memory safety error detector',
    help: 'Generic mode: reports touches of freed memory with the stacks of allocation and free.',
    type: 'bool',
    default: true,
  },
  KASAN_VMALLOC: {
    title: 'Check accesses to vmalloc allocations',
    help: 'KASAN also watches vmalloc space, where struct kvm and thread stacks live on many trees.',
    type: 'bool',
    default: true,
    dependsOn: ['KASAN'],
  },
  KASAN_STACK: {
    title: 'Stack instrumentation',
    help: 'KASAN also watches variables on stacks while their function runs.',
    type: 'bool',
    default: true,
    dependsOn: ['KASAN'],
  },
  DEBUG_VM: {
    title: 'Debug VM',
    help: 'VM_BUG_ON and friends, mmap_assert_locked().',
    type: 'bool',
    default: true,
  },
  PAGE_POISONING: {
    title: 'Poison pages after freeing',
    help: 'With page_poison=1 in the command line, pages that are freed are filled with 0xaa. Who reads one later sees it; with SCYTHE_PAGE_REUSE=y whoever is handed the page reports who wrote there: "pagealloc: memory corruption".',
    type: 'bool',
    default: true,
  },
  DEBUG_LIST: {
    title: 'Debug linked list manipulation',
    help: 'Checks neighbours at each list_add() and list_del(). Covers list_head, not hlists.',
    type: 'bool',
    default: true,
  },
  DEBUG_PREEMPT: {
    title: 'Debug preemptible kernel',
    help: 'Reports use of per-CPU data where the task may migrate, and underflows of preempt_count.',
    type: 'bool',
    default: true,
    dependsOn: ['PREEMPT_RCU'],
  },
  PREEMPT_RCU: {
    title: 'Preemptible RCU',
    help: 'Read sections may be preempted. On with a preemptible kernel, always with PREEMPT_RT.',
    type: 'bool',
    default: true,
  },
  DETECT_HUNG_TASK: {
    title: 'Detect hung tasks',
    help: 'khungtaskd reports tasks that wait uninterruptibly for longer than hung_task_timeout_secs (120).',
    type: 'bool',
    default: true,
  },
  FAILSLAB: {
    title: 'Fault injection for kmalloc',
    help: 'Lets a scenario say which allocations fail (faults: site failslab). Without such a rule none does.',
    type: 'bool',
    default: true,
  },
  KCSAN: {
    title: 'KCSAN: dynamic data race detector',
    help: 'Reports accesses of one variable that nothing puts in order, of which one is a write and one is plain (docs/checkers.md).',
    type: 'bool',
    default: false,
    dependsOn: ['!KASAN'],
  },
  KCSAN_STRICT: {
    title: 'Strict data-race checking',
    help: 'The strictest rules, close to the memory model of the kernel: takes the ground from the three options below.',
    type: 'bool',
    default: false,
    dependsOn: ['KCSAN'],
  },
  KCSAN_REPORT_VALUE_CHANGE_ONLY: {
    title: 'Only report races where a value changed',
    help: 'Keeps silent about a racing write that left the value as it was, unless a function of RCU made it.',
    type: 'bool',
    default: true,
    dependsOn: ['KCSAN', '!KCSAN_STRICT'],
  },
  KCSAN_ASSUME_PLAIN_WRITES_ATOMIC: {
    title: 'Assume that plain aligned writes up to word size are atomic',
    help: 'Plain writes then race with plain reads only, neither with marked reads nor with each other.',
    type: 'bool',
    default: true,
    dependsOn: ['KCSAN', '!KCSAN_STRICT'],
  },
  KCSAN_IGNORE_ATOMICS: {
    title: 'Do not instrument marked atomic accesses',
    help: 'Keeps silent about races in which one access is marked.',
    type: 'bool',
    default: false,
    dependsOn: ['KCSAN', '!KCSAN_STRICT'],
  },
  SCYTHE_PAGE_REUSE: {
    title: 'Hand out freed pages again',
    help: 'Real kernels do. Here each page is used once unless this is set: then whoever uses a page after its end shares it with its next owner, and all allocations of pages depend on each other in a search.',
    type: 'bool',
    default: false,
  },
  SCYTHE_INVARIANTS: {
    title: "Scythe's own invariants",
    help: 'No option of a real kernel: checks what no sanitizer does, such as a page freed while an SPTE maps it.',
    type: 'bool',
    default: true,
  },
};

/** All options, in the order in which they are listed. */
export const kconfig: readonly KconfigOption[] = (Object.keys(table) as (keyof Config)[]).map((name) => ({
  name,
  ...table[name],
}));

/** One wish: an option by name, with or without `CONFIG_`, and its value. */
export interface ConfigChange {
  readonly name: string;
  readonly value: 'y' | 'n' | number;
}

/** Why a wish cannot be met. */
export interface ConfigIssue {
  readonly code: 'unknown-option' | 'bad-value' | 'unmet-dependency' | 'selected' | 'no-prompt';
  /** The name as it was given. */
  readonly option: string;
  readonly message: string;
  readonly fix: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly issues: readonly ConfigIssue[] };

/** The configuration without any wish: the debug kernel of the captures. */
export function defaultConfig(tree: Tree | null = null): Config {
  const result = resolveConfig([], tree);
  if (!result.ok) throw new Error(`the defaults contradict each other: ${result.issues[0].message}`);
  return result.config;
}

/**
 * Builds a configuration as `make olddefconfig` would: wishes over defaults (later ones win), then selects,
 * then dependencies. An option that is y by default gives way silently where a wish takes its ground; a wish
 * that cannot be met is an issue. All issues are given at once. A tree may have defaults of its own.
 */
export function resolveConfig(changes: readonly ConfigChange[], tree: Tree | null = null): ConfigResult {
  const issues: ConfigIssue[] = [];
  const wishes = new Map<string, Wish>();
  for (const change of changes) {
    const wish = readWish(change, issues);
    if (wish !== null) wishes.set(wish.option.name, wish);
  }
  const values = new Map<string, boolean | number>();
  if (tree?.traits.provesRawLockNesting === true) values.set('PROVE_RAW_LOCK_NESTING', true);
  for (const option of kconfig) {
    const byDefault = values.get(option.name) ?? option.default;
    values.set(option.name, wishes.get(option.name)?.value ?? byDefault);
  }
  applyFollowers(values, wishes, issues);
  applySelects(values, wishes, issues);
  applyDependencies(values, wishes, issues);
  if (issues.length > 0) return { ok: false, issues };
  return { ok: true, config: Object.fromEntries(values) as unknown as Config };
}

/** The options whose values differ from the defaults, as a scenario would write them. */
export function differences(config: Config, tree: Tree | null = null): Record<string, 'y' | 'n' | number> {
  const base = defaultConfig(tree);
  const changed: Record<string, 'y' | 'n' | number> = {};
  for (const { name } of kconfig) {
    const value = config[name];
    if (value !== base[name]) changed[name] = typeof value === 'number' ? value : value ? 'y' : 'n';
  }
  return changed;
}

/** Names that a wish may use: options, and the members of choices (`HZ_250`). */
export function configNames(): string[] {
  return kconfig.flatMap(({ name, type }) =>
    type === 'bool' ? [name] : [name, ...type.map((value) => `${name}_${value}`)],
  );
}

interface Wish {
  readonly given: string;
  readonly option: KconfigOption;
  readonly value: boolean | number;
}

function readWish({ name, value }: ConfigChange, issues: ConfigIssue[]): Wish | null {
  const plain = name.replace(/^CONFIG_/, '');
  const option = kconfig.find((each) => each.name === plain);
  if (option !== undefined) return readValue(name, option, value, issues);

  const choice = /^(\w+)_(\d+)$/.exec(plain);
  const chosen = kconfig.find((each) => each.name === choice?.[1] && each.type !== 'bool');
  if (choice !== null && chosen !== undefined && chosen.type !== 'bool') {
    const number = Number(choice[2]);
    if (chosen.type.includes(number) && value === 'y') return { given: name, option: chosen, value: number };
    if (chosen.type.includes(number) && value === 'n') return null;
  }
  issues.push({
    code: 'unknown-option',
    option: name,
    message: `unknown option "${name}"${didYouMean(plain, configNames())}`,
    fix: '`scythe list config` shows the options that the model knows',
  });
  return null;
}

function readValue(
  given: string,
  option: KconfigOption,
  value: ConfigChange['value'],
  issues: ConfigIssue[],
): Wish | null {
  const allowed = option.type === 'bool' ? ['y', 'n'] : option.type;
  if (!(allowed as readonly unknown[]).includes(value)) {
    issues.push({
      code: 'bad-value',
      option: given,
      message: `${option.name} cannot be ${value}`,
      fix: `use one of: ${allowed.join(', ')}`,
    });
    return null;
  }
  return { given, option, value: typeof value === 'number' ? value : value === 'y' };
}

function applyFollowers(
  values: Map<string, boolean | number>,
  wishes: ReadonlyMap<string, Wish>,
  issues: ConfigIssue[],
): void {
  for (const option of kconfig) {
    if (option.follows === undefined) continue;
    const leader = values.get(option.follows) === true;
    const wish = wishes.get(option.name);
    if (wish !== undefined && wish.value !== leader) {
      issues.push({
        code: 'no-prompt',
        option: wish.given,
        message: `${option.name}=${text(wish.value)} cannot be: it follows ${option.follows}, which is ${text(leader)}`,
        fix: `set ${option.follows}=${text(wish.value)} as well`,
      });
    }
    values.set(option.name, leader);
  }
}

function applySelects(
  values: Map<string, boolean | number>,
  wishes: ReadonlyMap<string, Wish>,
  issues: ConfigIssue[],
): void {
  for (const option of kconfig) {
    if (values.get(option.name) !== true) continue;
    for (const target of option.selects ?? []) {
      const wish = wishes.get(target);
      if (wish?.value === false) {
        issues.push({
          code: 'selected',
          option: wish.given,
          message: `${target}=n cannot be: ${option.name}=y selects it`,
          fix: `set ${option.name}=n as well`,
        });
      }
      values.set(target, true);
    }
  }
}

function applyDependencies(
  values: Map<string, boolean | number>,
  wishes: ReadonlyMap<string, Wish>,
  issues: ConfigIssue[],
): void {
  for (const option of kconfig) {
    if (values.get(option.name) !== true) continue;
    for (const dependency of option.dependsOn ?? []) {
      const negated = dependency.startsWith('!');
      const name = dependency.replace(/^!/, '');
      if ((values.get(name) === true) !== negated) continue;
      const wish = wishes.get(option.name);
      if (wish !== undefined) {
        issues.push({
          code: 'unmet-dependency',
          option: wish.given,
          message: `${option.name}=y needs ${name}=${text(!negated)}`,
          fix: `set ${name}=${text(!negated)} as well`,
        });
      }
      values.set(option.name, false);
    }
  }
}

function text(value: boolean | number): string {
  return typeof value === 'number' ? `${value}` : value ? 'y' : 'n';
}

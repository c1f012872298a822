import { kernel } from '../kernel.ts';
import { debug_locks_off } from '../lib/debug_locks.ts';
import { pr_warn } from '../printk.ts';

/** The taint flags in the order of their bits: letter, letter when clear, what it stands for. */
const FLAGS = [
  ['P', 'G', 'PROPRIETARY_MODULE'],
  ['F', ' ', 'FORCED_MODULE'],
  ['S', ' ', 'CPU_OUT_OF_SPEC'],
  ['R', ' ', 'FORCED_RMMOD'],
  ['M', ' ', 'MACHINE_CHECK'],
  ['B', ' ', 'BAD_PAGE'],
  ['U', ' ', 'USER'],
  ['D', ' ', 'DIE'],
  ['A', ' ', 'OVERRIDDEN_ACPI_TABLE'],
  ['W', ' ', 'WARN'],
  ['C', ' ', 'CRAP'],
  ['I', ' ', 'FIRMWARE_WORKAROUND'],
  ['O', ' ', 'OOT_MODULE'],
  ['E', ' ', 'UNSIGNED_MODULE'],
  ['L', ' ', 'SOFTLOCKUP'],
  ['K', ' ', 'LIVEPATCH'],
  ['X', ' ', 'AUX'],
  ['T', ' ', 'RANDSTRUCT'],
  ['N', ' ', 'TEST'],
] as const;

export type TaintFlag = (typeof FLAGS)[number][0];

/** What a taint says about lockdep's books. */
export type LockdepOk = 'LOCKDEP_STILL_OK' | 'LOCKDEP_NOW_UNRELIABLE';

/** Sets a taint flag for the rest of the boot. */
export function add_taint(flag: TaintFlag, lockdep: LockdepOk): void {
  if (lockdep === 'LOCKDEP_NOW_UNRELIABLE' && debug_locks_off()) {
    pr_warn('Disabling lock debugging due to kernel taint');
  }
  kernel().taint |= bitOf(flag);
}

export function test_taint(flag: TaintFlag): boolean {
  return (kernel().taint & bitOf(flag)) !== 0;
}

/** `Not tainted`, or `Tainted: ` and a letter or a blank for each flag. */
export function print_tainted(): string {
  const { taint } = kernel();
  if (taint === 0) return 'Not tainted';
  return `Tainted: ${FLAGS.map(([set, clear], bit) => ((taint & (1 << bit)) !== 0 ? set : clear)).join('')}`;
}

/** `Tainted: [B]=BAD_PAGE, [W]=WARN`; null while the kernel is not tainted. */
export function print_tainted_verbose(): string | null {
  const { taint } = kernel();
  const set = FLAGS.filter((_, bit) => (taint & (1 << bit)) !== 0);
  if (set.length === 0) return null;
  return `Tainted: ${set.map(([letter, , name]) => `[${letter}]=${name}`).join(', ')}`;
}

function bitOf(flag: TaintFlag): number {
  return 1 << FLAGS.findIndex(([letter]) => letter === flag);
}

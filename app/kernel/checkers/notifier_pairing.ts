import type { Body } from '../../sim/call.ts';
import { runningTask } from '../../sim/machine-in-force.ts';
import type { Checker } from '../checker.ts';
import { GruMmStruct } from '../drivers/misc/sgi_gru.ts';
import { kernelGlobal } from '../globals.ts';
import { Kvm } from '../include/kvm_host.ts';
import type { MmuNotifier, MmuNotifierRange } from '../include/mmu_notifier.ts';
import type { Kernel } from '../kernel.ts';
import { pr_err } from '../printk.ts';
import { formatEntry } from '../stack.ts';
import { trackOf, type Track } from '../tracking.ts';
import { Peek } from './peek.ts';

const RULE = '='.repeat(66);

/** A start that a subscriber has accepted. */
interface Open {
  readonly range: MmuNotifierRange;
  readonly start: number;
  readonly end: number;
  readonly by: Track;
}

interface Counts {
  starts: number;
  ends: number;
  /** Starts without an end so far; what is left when its range is over will never have one. */
  open: Open[];
  readonly lost: Open[];
  /** Ends without a start. */
  extra: Track | null;
  told: boolean;
}

const state = kernelGlobal('scythe_notifier_pairing', () => new Map<MmuNotifier, Counts>());

/**
 * Reports a subscriber of an mm that was told of the start of an invalidation and not of its end, or the other way
 * round: when its VM is destroyed, or at the end of the run.
 *
 * Not verified: invalidations that are still under way; subscribers without an end op, which wait for none; ends
 * that came due when the VM or the address space had no users any more.
 */
export const notifierPairing: Checker = {
  name: 'notifier-pairing',
  enabled: (config) => config.SCYTHE_INVARIANTS && config.MMU_NOTIFIER,
  attach: (of) => {
    of.hooks.on('invalidateStarted', started);
    of.hooks.on('invalidateEnded', ended);
    of.hooks.rangeOver.push(over);
    of.hooks.on('kvmDestroyed', (kvm) => report(kvm.mmu_notifier));
    of.hooks.on('endOfRun', () => of.machine.inside(() => reportAll(of)));
  },
};

function started(subscription: MmuNotifier, range: MmuNotifierRange): void {
  if (subscription.ops.value.invalidate_range_end === undefined) return;
  const counts = countsOf(subscription);
  counts.starts++;
  counts.open.push({ range, start: range.start, end: range.end, by: trackOf(runningTask()) });
}

function ended(subscription: MmuNotifier, range: MmuNotifierRange): void {
  const counts = countsOf(subscription);
  counts.ends++;
  const at = counts.open.findIndex((open) => open.range === range);
  if (at >= 0) counts.open.splice(at, 1);
  else if (!belated(counts, range)) counts.extra ??= trackOf(runningTask());
}

function* over(range: MmuNotifierRange): Body<void> {
  for (const [subscription, counts] of [...state()]) {
    const unended = counts.open.filter((open) => open.range === range);
    if (unended.length === 0) continue;
    counts.open = counts.open.filter((open) => open.range !== range);
    if (yield* isOwedAnEnd(subscription)) counts.lost.push(...unended);
  }
}

/**
 * Who unregisters, or is released with the address space, between a start and its end gets none and knows that:
 * kvm_destroy_vm() puts the count right by hand, and nobody can change memslots any more.
 */
function* isOwedAnEnd({ mm, container }: MmuNotifier): Body<boolean> {
  const of = yield* new Peek(mm);
  if (of === null) return false;
  // Whoever looks at a count stands in order with all who change it: the VM's answers most often, and few change it.
  if (container instanceof Kvm && (yield* new Peek(container.users_count)) <= 0) return false;
  return (yield* new Peek(of.mm_users)) > 0;
}

/** An end of a start that was given up already, as its range was refused. */
function belated({ lost }: Counts, range: MmuNotifierRange): boolean {
  const at = lost.findIndex((open) => open.range === range);
  if (at >= 0) lost.splice(at, 1);
  return at >= 0;
}

function countsOf(subscription: MmuNotifier): Counts {
  let counts = state().get(subscription);
  if (counts === undefined) {
    counts = { starts: 0, ends: 0, open: [], lost: [], extra: null, told: false };
    state().set(subscription, counts);
  }
  return counts;
}

function reportAll(_of: Kernel): void {
  for (const subscription of state().keys()) report(subscription);
}

function report(subscription: MmuNotifier): void {
  const counts = state().get(subscription);
  if (counts === undefined || counts.told) return;
  const { starts, ends, lost, extra } = counts;
  if (lost.length === 0 && extra === null) return;
  counts.told = true;
  const { symbol } = lost.length > 0 ? startOf(subscription) : endOf(subscription);
  pr_err(RULE);
  if (lost.length > 0) pr_err(`SCYTHE: invalidation started and never ended for ${symbol}`);
  else pr_err(`SCYTHE: invalidation ended and never started for ${symbol}`);
  pr_err(`${starts} starts, ${ends} ends`);
  for (const { start, end, by } of lost.slice(0, 3)) {
    pr_err(`0x${start.toString(16)} to 0x${end.toString(16)} started by task ${by.comm}/${by.pid}:`);
    printTrace(by);
  }
  if (extra !== null) {
    pr_err(`Ended by task ${extra.comm}/${extra.pid}:`);
    printTrace(extra);
  }
  if (subscription.container instanceof Kvm) tellKvm(subscription.container);
  if (subscription.container instanceof GruMmStruct) tellGru(subscription.container);
  pr_err(RULE);
}

/** What the GRU counts, and who sleeps until that is 0. */
function tellGru({ ms_range_active, ms_wait_queue: { head } }: GruMmStruct): void {
  pr_err(`ms_range_active ${ms_range_active.value}`);
  for (let link = head.next.value; typeof link !== 'string' && link !== head; link = link.next.value) {
    const waiter = link.owner?.task;
    if (waiter !== undefined) pr_err(`Left waiting: ${waiter.comm}/${waiter.pid}, for a translation`);
  }
}

/** What the VM counts, and who waits for that to come to 0. */
function tellKvm(kvm: Kvm): void {
  const { mn_active_invalidate_count: active, mmu_invalidate_in_progress: progress } = kvm;
  const ofAll = kvm.mn_invalidate_lock === null ? '' : `mn_active_invalidate_count ${active.value}, `;
  pr_err(`${kvm.stats_id}: ${ofAll}${progress.field} ${progress.value}`);
  const waiter = kvm.mn_memslots_update_rcuwait.task.value;
  if (waiter !== null) pr_err(`Left waiting: ${waiter.comm}/${waiter.pid}, which changes memslots`);
  else if (active.value !== 0) pr_err('Nobody waits for it now; a change of memslots would, for ever.');
}

function printTrace({ trace }: Track): void {
  for (const entry of trace) pr_err(` ${formatEntry(entry)}`);
}

const startOf = ({ ops }: MmuNotifier) => ({
  symbol: ops.value.invalidate_range_start?.symbol.name ?? 'a subscriber',
});
const endOf = ({ ops }: MmuNotifier) => ({
  symbol: ops.value.invalidate_range_end?.symbol.name ?? 'a subscriber',
});

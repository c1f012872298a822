import { runningTask } from '../../sim/machine-in-force.ts';
import type { Checker } from '../checker.ts';
import { kernelGlobal } from '../globals.ts';
import type { GuestAccess, Kvm, KvmVcpu, Spte } from '../include/kvm_host.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import type { Page } from '../mm/page_alloc.ts';
import { pr_err } from '../printk.ts';
import { firstTelling } from '../report/frames.ts';
import { formatEntry, stack_trace } from '../stack.ts';
import type { KernelMemory, Track } from '../tracking.ts';
import { trackOf } from '../tracking.ts';

const RULE = '='.repeat(66);

interface Mapping {
  readonly kvm: Kvm;
  readonly gfn: number;
  readonly page: Page;
  /** Who installed the SPTE. */
  readonly installed: Track;
}

interface State {
  /** Present SPTEs, by the contents of the page. */
  readonly byPage: Map<KernelMemory, Mapping[]>;
  told: boolean;
}

const state = kernelGlobal<State>('scythe_sptes', () => ({ byPage: new Map(), told: false }));

/**
 * Reports, once, a page that goes back to the allocator while the guest of a VM can still get at it: through
 * an SPTE, or through what the TLB of a vCPU keeps of one. No sanitizer sees what a guest does.
 *
 * Not verified: gfn_to_pfn_caches; pages of guests that were never touched by a vCPU.
 */
export const spteFreedPage: Checker = {
  name: 'spte-freed-page',
  enabled: (config) => config.SCYTHE_INVARIANTS && config.KVM,
  attach: ({ hooks }) => {
    hooks.on('spteChanged', changed);
    hooks.on('freed', freed);
    hooks.on('guestAccess', accessed);
  },
};

function changed(kvm: Kvm, gfn: number, spte: Spte | null): void {
  const { byPage } = state();
  for (const [memory, mappings] of byPage) {
    const others = mappings.filter((mapping) => mapping.kvm !== kvm || mapping.gfn !== gfn);
    if (others.length === 0) byPage.delete(memory);
    else if (others.length < mappings.length) byPage.set(memory, others);
  }
  if (spte === null) return;
  const { page } = spte;
  const mapping = { kvm, gfn, page, installed: trackOf(runningTask()) };
  byPage.set(page.memory, [...(byPage.get(page.memory) ?? []), mapping]);
  if (!page.memory.alive) report(mapping, 'freed page mapped by an SPTE');
}

function freed(memory: KernelMemory): void {
  const mapping = state().byPage.get(memory)?.[0];
  if (mapping !== undefined) report(mapping, 'page freed while mapped by an SPTE');
}

function accessed(vcpu: KvmVcpu, page: Page, { gfn, write }: GuestAccess): void {
  if (page.memory.alive || state().told) return;
  begin(`guest ${write ? 'write to' : 'read of'} a freed page`);
  pr_err(`vCPU ${vcpu.vcpu_id} of ${vcpu.kvm.stats_id}, gfn ${hex(gfn)}, pfn ${hex(page.pfn)}`);
  finish(page, null);
}

function report({ kvm, gfn, page, installed }: Mapping, what: string): void {
  if (state().told) return;
  begin(what);
  pr_err(`pfn ${hex(page.pfn)}, mapped at gfn ${hex(gfn)} of ${kvm.stats_id}`);
  finish(page, installed);
}

function begin(what: string): void {
  state().told = true;
  const trace = stack_trace(runningTask());
  const names = trace.map((entry) => entry.symbol);
  // Whoever let go of the page, rather than the functions that free pages for everybody.
  const blamed = firstTelling(names.filter((name) => !FREES_PAGES.test(name))) ?? firstTelling(names);
  const user = trace.find((entry) => entry.symbol === blamed) ?? trace[0];
  pr_err(RULE);
  pr_err(`SCYTHE: ${what} in ${formatEntry(user)}`);
}

function finish({ memory }: Page, installed: Track | null): void {
  pr_err('');
  dump_stack();
  pr_err('');
  printTrack('SPTE installed', installed);
  printTrack('Page freed', memory.end);
  pr_err('The guest can read and write memory that belongs to somebody else.');
  pr_err(RULE);
}

function printTrack(what: string, track: Track | null): void {
  if (track === null) return;
  pr_err(`${what} by task ${track.comm}/${track.pid}:`);
  for (const entry of track.trace) pr_err(` ${formatEntry(entry)}`);
  pr_err('');
}

const FREES_PAGES = /^(?:__)?(?:free_|folio_put|put_page|release_pages|tlb_)/;

const hex = (value: number): string => `0x${value.toString(16)}`;

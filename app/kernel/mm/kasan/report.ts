import { runningTask } from '../../../sim/machine-in-force.ts';
import { hex } from '../../arch/x86/kernel/regs.ts';
import { kernelGlobal } from '../../globals.ts';
import { kernel } from '../../kernel.ts';
import { check_panic_on_warn, panic } from '../../kernel/panic.ts';
import { add_taint } from '../../kernel/taint.ts';
import { dump_stack } from '../../lib/dump_stack.ts';
import { pr_err } from '../../printk.ts';
import { entryFor, formatEntry, stack_trace, type StackEntry } from '../../stack.ts';
import { addressOf } from '../../struct.ts';
import { whoIs, type KernelMemory, type Track } from '../../tracking.ts';
import { dumpLook } from '../debug.ts';
import { addressPlus, type BadAccess } from './access.ts';
import { bugType, shadowRows } from './shadow.ts';

const RULE = '='.repeat(66);

const shots = kernelGlobal('kasan_flags', () => ({ reported: false }));

/** kasan_report() - an access to memory that must not be accessed. Only the first in a boot is told. */
export function kasan_report(access: BadAccess): void {
  if (!mayReport()) return;
  const { memory, address, size, write, innermost } = access;
  pr_err(RULE);
  pr_err(`BUG: KASAN: ${bugType(memory)} in ${formatEntry(accessor(innermost))}`);
  pr_err(`${write ? 'Write' : 'Read'} of size ${size} at addr ${address} by task ${me()}`);
  pr_err('');
  dump_stack(['print_report', 'kasan_report', ...innermost]);
  pr_err('');
  describe(memory, access);
  end_report(write);
}

/** kasan_report_invalid_free() - memory that is freed was freed before. */
export function kasan_report_invalid_free(memory: KernelMemory): void {
  if (!mayReport()) return;
  const address = addressOf(memory);
  pr_err(RULE);
  pr_err(`BUG: KASAN: double-free in ${formatEntry(accessor([]))}`);
  pr_err(`Free of addr ${address} by task ${me()}`);
  pr_err('');
  dump_stack(['print_report', 'kasan_report_invalid_free', 'check_slab_allocation', '__kasan_slab_pre_free']);
  pr_err('');
  describe(memory, { memory, address, offset: 0, size: 0, write: true, innermost: [] });
  end_report(true);
}

/** An address that has no shadow: a NULL pointer, or one to nowhere. */
export function kasan_report_wild(address: number, write: boolean): void {
  if (!mayReport()) return;
  pr_err(RULE);
  const kind = address < 4096 ? 'null-ptr-deref' : 'user-memory-access';
  pr_err(`BUG: KASAN: ${kind} in ${formatEntry(accessor([]))}`);
  pr_err(`${write ? 'Write' : 'Read'} of size 8 at addr ${hex(address)} by task ${me()}`);
  pr_err('');
  dump_stack(['print_report', 'kasan_report']);
  end_report(write);
}

function mayReport(): boolean {
  if (shots().reported && !kernel().append.has('kasan_multi_shot')) return false;
  shots().reported = true;
  return true;
}

function end_report(write: boolean): void {
  pr_err(RULE);
  const { append } = kernel();
  if (!append.has('kasan_multi_shot')) check_panic_on_warn('KASAN');
  const fault = append.get('kasan.fault');
  if (fault === 'panic' || (fault === 'panic_on_write' && write)) panic(`kasan.fault=${fault} set ...`);
  add_taint('B', 'LOCKDEP_NOW_UNRELIABLE');
}

function describe(memory: KernelMemory, access: BadAccess): void {
  if (memory.kind === 'slab') {
    printTrack(
      'Allocated',
      memory.origin,
      ALLOCATION[memory.cache.startsWith('kmalloc-') ? 'kmalloc' : 'cache'],
    );
    printTrack('Freed', memory.end, FREE);
    printAuxiliary('Last', memory.aux[0]);
    printAuxiliary('Second to last', memory.aux[1]);
    describeObject(memory, access);
    pr_err('');
  }
  if (memory.kind === 'vmalloc' || memory.kind === 'stack') {
    pr_err('The buggy address belongs to a vmalloc virtual mapping');
  } else {
    describePage(memory, access.address);
  }
  pr_err('Memory state around the buggy address:');
  for (const line of shadowRows(memory, access.address)) pr_err(line);
}

const ALLOCATION = {
  kmalloc: ['kasan_save_stack', 'kasan_save_track', '__kasan_kmalloc'],
  cache: ['kasan_save_stack', 'kasan_save_track', '__kasan_slab_alloc'],
};
const AUXILIARY = [
  entryFor('kasan_save_stack', ''),
  entryFor('__kasan_record_aux_stack', 'kasan_save_stack'),
];
const FREE = ['kasan_save_stack', 'kasan_save_track', 'kasan_save_free_info', '__kasan_slab_free'];

function printTrack(what: string, track: Track | null, innermost: readonly string[]): void {
  if (track === null) return;
  pr_err(`${what} by task ${track.pid}:`);
  const entries = [...innermost.map((name, i) => entryFor(name, innermost[i - 1] ?? '')), ...track.trace];
  for (const entry of entries) pr_err(` ${formatEntry(entry)}`);
  pr_err('');
}

function printAuxiliary(which: string, track: Track | undefined): void {
  if (track === undefined) return;
  pr_err(`${which} potentially related work creation:`);
  for (const entry of [...AUXILIARY, ...track.trace]) pr_err(` ${formatEntry(entry)}`);
  pr_err('');
}

function describeObject(memory: KernelMemory, { offset }: BadAccess): void {
  const start = addressOf(memory);
  pr_err(`The buggy address belongs to the object at ${start}`);
  pr_err(` which belongs to the cache ${memory.cache} of size ${cacheSize(memory)}`);
  pr_err(`The buggy address is located ${offset} bytes inside of`);
  pr_err(` freed ${memory.size}-byte region [${start}, ${addressPlus(start, memory.size)})`);
}

/** A kmalloc cache's objects are as big as its name says, whatever was asked for. */
function cacheSize(memory: KernelMemory): number {
  const match = /^kmalloc-(?:cg-)?(\d+)(k?)$/.exec(memory.cache);
  return match === null ? memory.size : Number(match[1]) * (match[2] === 'k' ? 1024 : 1);
}

function describePage(memory: KernelMemory, address: string): void {
  const slab = memory.kind === 'slab';
  const pfn = Math.floor(Number.parseInt(address.slice(6), 16) / 4096);
  pr_err('The buggy address belongs to the physical page:');
  dumpLook({ refcount: slab ? 1 : 0, mapcount: 0, index: 0, pfn, flags: 0, slab });
  pr_err('page dumped because: kasan: bad access detected');
  pr_err('');
}

/** The function that the access is made in, as the trace below shows it. */
function accessor(innermost: readonly string[]): StackEntry {
  const trace = stack_trace(runningTask(), ['kasan_report', ...innermost]);
  return trace.find((entry) => !entry.symbol.startsWith('kasan_')) ?? trace[0];
}

function me(): string {
  const { comm, pid } = whoIs(runningTask());
  return `${comm}/${pid}`;
}

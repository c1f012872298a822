import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { Operation, type Ordering } from '../../sim/operation.ts';
import { Atomic, atomic_dec_and_test, atomic_inc, atomic_read, atomic_set } from '../include/atomic.ts';
import { clear_bit } from '../include/bitops.ts';
import { kernelGlobal } from '../globals.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { reserve, type Struct, type StructClass } from '../struct.ts';
import type { KernelMemory } from '../tracking.ts';
import { bad_page } from './bad_page.ts';
import { mem_cgroup_uncharge, type MemCgroup } from './memcontrol.ts';
import { uncount_pages } from './page_limit.ts';
import { should_fail } from './failslab.ts';
import {
  frameOf,
  free_frames,
  HandOut,
  page_poisoning_enabled,
  reusesPages,
  take_frame,
} from './page_frame.ts';
import { kernel_unpoison_pages } from './page_poison.ts';
import { Allocate, might_alloc, type AllocOptions } from './slab.ts';

const PAGE_SIZE = 4096;

/** Bits of `page->flags`, as `%pGp` names them. */
export const PG_locked = 0;
export const PG_referenced = 1;
export const PG_uptodate = 2;
export const PG_dirty = 3;
export const PG_lru = 4;
export const PG_active = 5;
export const PG_swapbacked = 6;
export const PG_mlocked = 7;

/**
 * struct page - what the kernel knows of 2^order neighbouring pages. The struct itself is there for ever; the
 * contents are `memory`, which dies when the last reference is put. A page is handed out again only with
 * SCYTHE_PAGE_REUSE; else whoever still uses it is found, as with a very long quarantine.
 */
export class Page {
  /** References; the last put_page() frees the page. */
  readonly _refcount = new Atomic('page->_refcount', 1);
  /** User page tables that map it, less one. */
  readonly _mapcount = new Atomic('page->_mapcount', -1);
  /** PG_* bits. */
  readonly flags = new Cell<number>(0, 'page->flags');
  /** Whose page it is: an anon_vma, a file, a KVM; null for none. */
  mapping: unknown = null;
  index = 0;
  /** The memory cgroup that the page is charged to. Set before anybody else sees the page. */
  memcg: MemCgroup | null = null;
  /** Where uprobes have put breakpoints, as offsets. Set before anybody else sees the page. */
  breakpoints: readonly number[] = [];
  /** Counted against the memory of the machine (mm/page_limit.ts). */
  counted = false;
  readonly pfn: number;

  constructor(
    /** The contents. */
    readonly memory: KernelMemory,
    readonly order: number,
  ) {
    this.pfn = memory.address / PAGE_SIZE;
  }
}

/**
 * alloc_pages() - 2^order pages, or null where memory lacks.
 *
 * Context: may sleep unless the flags forbid it. Models: mm/page_alloc.c (__alloc_pages). Leaves out: zones,
 * free lists, watermarks; whoever limits memory counts before it comes here.
 */
export const alloc_pages = kfunc(
  'alloc_pages_noprof',
  function* (gfp: number, order: number, label?: string) {
    const memory = yield* contents(gfp, order, label ?? 'page');
    if (memory === null) return null;
    const frame = reusesPages() ? frameOf(memory) : null;
    if (frame !== null)
      return frame.page === null ? (frame.page = new Page(memory, order)) : yield* prep_new_page(frame.page);
    if (kernel().config.DEBUG_VM && kernel().tree.traits.spteZapTouchesPage) yield* check_new_pages(order);
    return new Page(memory, order);
  },
);

/** Free pages with flags that somebody has set who did not know that they are free. */
const spoiled_free_pages = kernelGlobal(
  'spoiled_free_pages',
  () => new Cell<readonly Page[]>([], 'spoiled free pages'),
);

/** Sets a flag of a page that may be free already: then whoever is handed the page finds out. */
export function* set_page_flag(flag: number, page: Page): Body<void> {
  if ((yield* new SetPageFlag(flag, page)) || reusesPages()) return;
  yield* spoiled_free_pages().update((pages) => (pages.includes(page) ? pages : [...pages, page]));
}

/** Sets a flag; the result: is the page in use? */
class SetPageFlag extends Operation<boolean> {
  constructor(
    private readonly flag: number,
    private readonly page: Page,
  ) {
    super('rmw', page.flags, 'write', page.memory);
  }

  override get ordering(): Ordering {
    return 'relaxed';
  }

  override execute(): boolean {
    const { flags, memory } = this.page;
    flags.value = (flags.value | (1 << this.flag)) >>> 0;
    return memory.alive;
  }
}

/** prep_new_page() - a struct page that had another owner before. What it said of that one is gone. */
function* prep_new_page(page: Page): Body<Page> {
  page.mapping = null;
  page.index = 0;
  page.memcg = null;
  page.counted = false;
  yield* page.flags.write(0);
  yield* atomic_set(page._refcount, 1);
  return page;
}

/** A frame that was somebody's before, or null. One that is still in use is reported and lost. */
function* rmqueue(): Body<KernelMemory | null> {
  for (;;) {
    const memory = yield* take_frame();
    if (memory === null) return null;
    const page = memory.pageFrame?.page ?? null;
    if (page !== null && (yield* check_new_page(page))) continue;
    yield* post_alloc_hook(memory);
    return memory;
  }
}

/** post_alloc_hook() - a page off the free list is handed out. What somebody has written there since is reported. */
function* post_alloc_hook(memory: KernelMemory): Body<void> {
  const before = yield* new HandOut(memory);
  if (page_poisoning_enabled()) kernel_unpoison_pages(memory, before);
}

/** check_new_page() - true for a page off the free list that somebody has changed meanwhile: it is reported. */
function* check_new_page(page: Page): Body<boolean> {
  const flags = (yield* page.flags.read()) & PAGE_FLAGS_CHECK_AT_FREE;
  let reason: string | null = null;
  if ((yield* atomic_read(page._mapcount)) !== -1) reason = 'nonzero mapcount';
  else if ((yield* atomic_read(page._refcount)) !== 0) reason = 'nonzero _refcount';
  else if (flags !== 0) reason = 'PAGE_FLAGS_CHECK_AT_PREP flag(s) set';
  if (reason !== null) bad_page(page, reason);
  return reason !== null;
}

/** check_new_pages() - a page off the free list that has flags is reported and not handed out (DEBUG_VM). */
function* check_new_pages(order: number): Body<void> {
  for (const page of yield* spoiled_free_pages().read()) {
    if (page.order !== order) continue;
    yield* spoiled_free_pages().update((pages) => pages.filter((other) => other !== page));
    bad_page(page, 'PAGE_FLAGS_CHECK_AT_PREP flag(s) set');
  }
}

export const alloc_page = (gfp: number, label?: string) => alloc_pages(gfp, 0, label);

/** __free_pages() - drops a reference to pages that no page table maps, and frees them with the last one. */
export const __free_pages = kfunc('__free_pages', function* (page: Page, _order: number) {
  if (yield* put_page_testzero(page)) yield* free_unref_page(page);
});

/** free_unref_page() - back to the free list. What is wrong with the page shows here. */
export const free_unref_page = kfunc('free_unref_page', function* (page: Page) {
  if ((page.flags.value & (1 << PG_mlocked)) !== 0) yield* free_mlocked(page);
  if (free_page_is_bad(page)) return;
  yield* page.memory.free();
  yield* free_frames([page.memory]);
});

/**
 * The part of free_pages_prepare() about mlocked pages: whoever munlocks after VM_LOCKED was cleared may have left the
 * flag. Models: v5.18 and later.
 */
export const free_mlocked = kfunc(
  'free_mlocked',
  function* (page: Page): Body<void> {
    yield* clear_bit(PG_mlocked, page.flags);
  },
  { inlined: true },
);

export const get_page = (page: Page) => atomic_inc(page._refcount);
export const put_page_testzero = (page: Page) => atomic_dec_and_test(page._refcount);

/** put_page() - drops a reference; the last one frees the page. */
export function* put_page(page: Page): Body<void> {
  if (yield* put_page_testzero(page)) yield* __folio_put(page);
}

export const __folio_put = kfunc('__folio_put', function* (page: Page) {
  if (page.memcg !== null) yield* mem_cgroup_uncharge(page);
  if (page.counted) yield* uncount_pages(page);
  yield* free_unref_page(page);
});

/** A struct that is itself a page or more: a page table. Freed by free_pages(). */
export function* __get_free_pages<S extends Struct>(
  Class: StructClass<S>,
  gfp: number,
  options: AllocOptions = {},
): Body<S | null> {
  const order = orderOf(options.size ?? PAGE_SIZE);
  const memory = yield* contents(gfp, order, options.label ?? Class.name);
  return memory === null ? null : new Class(memory);
}

/** free_pages() - ends the life of a struct from __get_free_pages(). */
export const free_pages = kfunc('free_pages', function* (object: Struct) {
  yield* object.memory.free();
  yield* free_frames([object.memory]);
});

/** free_unref_folios() - ends the life of several pages, and hands them to the free list in one go, the last one on top. */
export const free_unref_folios = kfunc(
  'free_unref_folios',
  function* (pages: readonly Struct[]) {
    yield* free_batch(pages);
  },
  { inlined: true },
);

/** The list is locked once for all. */
export function* free_batch(pages: readonly Struct[]): Body<void> {
  for (const { memory } of pages) yield* memory.free();
  yield* free_frames(pages.map(({ memory }) => memory));
}

/** The order of the smallest block of pages that holds `size` bytes. */
export function orderOf(size: number): number {
  let order = 0;
  while (PAGE_SIZE << order < size) order++;
  return order;
}

function* contents(gfp: number, order: number, label: string): Body<KernelMemory | null> {
  might_alloc(gfp);
  if (kernel().faults.rules.length > 0 && (yield* should_fail('fail_page_alloc', label))) return null;
  const used = order === 0 && reusesPages() ? yield* rmqueue() : null;
  if (used !== null) return used;
  const memory = reserve('page', label, PAGE_SIZE << order);
  yield* new Allocate(memory);
  return memory;
}

/** free_page_is_bad() - a page that is still in use must not be freed; it is reported and lost. */
function free_page_is_bad(page: Page): boolean {
  const reason = reasonAgainstFreeing(page);
  if (reason !== null) bad_page(page, reason);
  return reason !== null;
}

/** The freer has the page to itself: what it looks at here is no race of its own. */
function reasonAgainstFreeing(page: Page): string | null {
  if (page._mapcount.value !== -1) return 'nonzero mapcount';
  if (page._refcount.value !== 0) return 'nonzero _refcount';
  if ((page.flags.value & PAGE_FLAGS_CHECK_AT_FREE) !== 0) return 'PAGE_FLAGS_CHECK_AT_FREE flag(s) set';
  return null;
}

const PAGE_FLAGS_CHECK_AT_FREE = (1 << PG_locked) | (1 << PG_lru) | (1 << PG_active) | (1 << PG_mlocked);

import type { Body } from '../../sim/call.ts';
import { delay } from '../../sim/delay.ts';
import { ns } from '../../base/brand.ts';
import { SimObject } from '../../sim/object.ts';
import { Effect, type Operation } from '../../sim/operation.ts';
import { __GFP_NORETRY, gfpflags_allow_blocking } from '../include/gfp.ts';
import { PAGE_SIZE } from '../include/mm_types.ts';
import { test_bit } from '../include/bitops.ts';
import { current, TIF_MEMDIE } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { mutex_trylock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { schedule_timeout_uninterruptible } from '../kernel/sched/core.ts';
import { oom_lock, out_of_memory, OomControl } from './oom_kill.ts';
import { alloc_pages, type Page } from './page_alloc.ts';

/** Memory as the machine of the captures has it. Only where its size was said is it counted, and can it run out. */
const DEFAULT_BYTES = 0x80000000;
/** Pages that the kernel itself takes. */
const KERNEL_PAGES = 38_000;
/** Pages below the watermark: for OOM victims only, so that they can exit. */
const RESERVE = 512;
/** What a try to reclaim costs that finds nothing. */
const RECLAIM = ns(1_000_000);

/** The pages of the machine, as far as user memory takes them. */
export class FreePages extends SimObject {
  readonly total: number;
  free: number;

  constructor(bytes: number) {
    super(null);
    this.total = Math.floor(bytes / PAGE_SIZE);
    this.free = Math.max(this.total - KERNEL_PAGES, RESERVE);
  }

  override get name(): string {
    return 'free pages';
  }

  take(pages: number, reserve: number): Operation<boolean> {
    return new Effect('rmw', this, 'write', () => {
      if (this.free - pages < reserve) return false;
      this.free -= pages;
      return true;
    });
  }

  give(pages: number): Operation<void> {
    return new Effect('rmw', this, 'add', () => {
      this.free += pages;
    });
  }
}

const nr_free_pages = kernelGlobal('nr_free_pages', () => {
  const limit = parseSize(kernel().append.get('mem')) ?? kernel().ram;
  return { limited: limit !== null, pages: new FreePages(limit ?? DEFAULT_BYTES) };
});

export const free_pages_of_machine = (): FreePages => nr_free_pages().pages;

/** totalram_pages() (plain) */
export const totalram_pages = (): number => free_pages_of_machine().total;

/** memparse(): `512M` in bytes. */
function parseSize(text: string | undefined): number | null {
  const match = /^(\d+)([KMG]?)$/i.exec(text ?? '');
  if (match === null) return null;
  const unit = { '': 1, K: 1024, M: 1024 * 1024, G: 1024 * 1024 * 1024 }[match[2].toUpperCase()] ?? 1;
  return Number(match[1]) * unit;
}

/** What user memory and page tables are taken from; whoever comes when there is none meets the OOM killer. */
export const vma_alloc_folio = kfunc(
  'vma_alloc_folio_noprof',
  function* (gfp: number, order: number, label: string) {
    return yield* alloc_pages_mpol(gfp, order, label);
  },
);

const alloc_pages_mpol = kfunc(
  'alloc_pages_mpol_noprof',
  function* (gfp: number, order: number, label: string) {
    return yield* __alloc_pages(gfp, order, label);
  },
);

const __alloc_pages = kfunc('__alloc_pages_noprof', function* (gfp: number, order: number, label: string) {
  if (!nr_free_pages().limited) return yield* alloc_pages(gfp, order, label);
  if (!(yield* free_pages_of_machine().take(1 << order, RESERVE))) {
    if (!(yield* __alloc_pages_slowpath(gfp, order))) return null;
  }
  const page = yield* alloc_pages(gfp, order, label);
  if (page === null) yield* free_pages_of_machine().give(1 << order);
  else page.counted = true;
  return page;
});

/**
 * __alloc_pages_slowpath() - no page is free: reclaim, and if that does not help, kill.
 *
 * Return: true if the pages were taken. Models: mm/page_alloc.c. Leaves out: reclaim that finds something.
 */
const __alloc_pages_slowpath = kfunc(
  '__alloc_pages_slowpath.constprop.0',
  function* (gfp: number, order: number) {
    if (!gfpflags_allow_blocking(gfp)) return false;
    for (;;) {
      const victim = yield* test_bit(TIF_MEMDIE, current().thread_flags);
      if (yield* free_pages_of_machine().take(1 << order, victim ? 0 : RESERVE)) return true;
      yield* delay(RECLAIM);
      if ((gfp & __GFP_NORETRY) !== 0) return false;
      const outcome = yield* __alloc_pages_may_oom(gfp, order);
      if (outcome === 'taken') return true;
      if ((yield* current().signal.oom_mm.read()) !== null && victim) return false;
      if (outcome === 'no progress') return false;
    }
  },
);

type MayOom = 'taken' | 'progress' | 'no progress';

const __alloc_pages_may_oom = kfunc(
  '__alloc_pages_may_oom',
  function* (gfp: number, order: number): Body<MayOom> {
    // Somebody else is at it: give them a tick.
    if (!(yield* mutex_trylock(oom_lock()))) {
      yield* schedule_timeout_uninterruptible(1);
      return 'progress';
    }
    let outcome: MayOom = 'taken';
    if (!(yield* free_pages_of_machine().take(1 << order, RESERVE))) {
      outcome = (yield* out_of_memory(new OomControl(null, gfp, order))) ? 'progress' : 'no progress';
    }
    yield* mutex_unlock(oom_lock());
    return outcome;
  },
  { inlined: true },
);

/** Counts the pages of a page that is freed as free again. */
export const uncount_pages = (page: Page): Operation<void> => {
  page.counted = false;
  return free_pages_of_machine().give(1 << page.order);
};

import { hex } from '../arch/x86/kernel/regs.ts';
import { KERN } from '../log.ts';
import { printk } from '../printk.ts';
import { printsNew } from '../report/wording.ts';
import type { Page } from './page_alloc.ts';

const FLAG_NAMES = ['locked', 'referenced', 'uptodate', 'dirty', 'lru', 'active', 'swapbacked', 'mlocked'];

/** dump_page() - all that struct page says. */
export function dump_page(page: Page, reason: string): void {
  dumpLook(lookOf(page));
  printk(KERN.WARNING, `page dumped because: ${reason}`);
}

/** What dump_page() shows of a page: state, flags and the raw words. */
export interface PageLook {
  readonly refcount: number;
  readonly mapcount: number;
  readonly index: number;
  readonly pfn: number;
  readonly flags: number;
  /** `page_type: f5(slab)` for pages of a slab cache. */
  readonly slab: boolean;
}

function lookOf(page: Page): PageLook {
  return {
    refcount: page._refcount.value,
    mapcount: page._mapcount.value + 1,
    index: page.index,
    pfn: page.pfn,
    flags: page.flags.value,
    slab: false,
  };
}

/** The lines of dump_page() without its reason. */
export function dumpLook({ refcount, mapcount, index, pfn, flags, slab }: PageLook): void {
  const shownIndex = `0x${index.toString(16)}`;
  const pointer = printsNew('dumpPagePointer') ? ' ' : `${hex(Math.imul(pfn, 0x9e3779b1) >>> 0)} `;
  const state = `page:${pointer}refcount:${refcount} mapcount:${mapcount} mapping:${hex(0)} index:${shownIndex}`;
  printk(KERN.WARNING, `${state} pfn:0x${pfn.toString(16)}`);
  const names = FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0);
  const words = `4${hex(flags, 15)}`;
  printk(KERN.WARNING, `flags: 0x${words}(${[...names, 'zone=1'].join('|')})`);
  if (slab) printk(KERN.WARNING, 'page_type: f5(slab)');
  const type = slab ? 'f5000000' : hex((mapcount - 1) >>> 0, 8);
  printk(
    KERN.WARNING,
    `raw: ${words} ${slab ? 'ff11000003d98640 dead000000000122' : 'dead000000000100 dead000000000122'} ${hex(0)}`,
  );
  printk(
    KERN.WARNING,
    `raw: ${hex(index)} ${slab ? '0000000080120012' : hex(0)} ${hex(refcount, 8)}${type} ${hex(0)}`,
  );
}

import { currentOrNull } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { add_taint } from '../kernel/taint.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_alert } from '../printk.ts';
import { Burst } from './burst.ts';
import { dump_page } from './debug.ts';
import type { Page } from './page_alloc.ts';

const burst = kernelGlobal('bad_page_burst', () => new Burst('BUG: Bad page state'));

/** bad_page() - a page that is freed or handed out in a state that it must not be in. */
export function bad_page(page: Page, reason: string): void {
  if (burst().mayShow()) {
    const pfn = page.pfn.toString(16).padStart(5, '0');
    pr_alert(`BUG: Bad page state in process ${currentOrNull()?.comm ?? 'swapper'}  pfn:${pfn}`);
    dump_page(page, reason);
    dump_stack(['bad_page']);
  }
  add_taint('B', 'LOCKDEP_NOW_UNRELIABLE');
}

import { currentOrNull } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { kernel } from '../kernel.ts';
import { add_taint } from '../kernel/taint.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_alert } from '../printk.ts';
import { dump_page } from './debug.ts';
import type { Page } from './page_alloc.ts';

const BURST = 60;
const MINUTE = 60_000_000_000;

const limit = kernelGlobal('bad_page_limit', () => ({ resume: 0, shown: 0, unshown: 0 }));

/** bad_page() - a page that is freed or handed out in a state that it must not be in. */
export function bad_page(page: Page, reason: string): void {
  if (mayShow()) {
    const pfn = page.pfn.toString(16).padStart(5, '0');
    pr_alert(`BUG: Bad page state in process ${currentOrNull()?.comm ?? 'swapper'}  pfn:${pfn}`);
    dump_page(page, reason);
    dump_stack(['bad_page']);
  }
  add_taint('B', 'LOCKDEP_NOW_UNRELIABLE');
}

/** At most 60 reports a minute; how many were left out is told with the next one. */
function mayShow(): boolean {
  const state = limit();
  const { now } = kernel().machine;
  if (state.shown === BURST) {
    if (now < state.resume) {
      state.unshown++;
      return false;
    }
    if (state.unshown > 0) pr_alert(`BUG: Bad page state: ${state.unshown} messages suppressed`);
    state.unshown = 0;
    state.shown = 0;
  }
  if (state.shown++ === 0) state.resume = now + MINUTE;
  return true;
}

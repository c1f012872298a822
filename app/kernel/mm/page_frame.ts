import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import { Operation } from '../../sim/operation.ts';
import type { Pte } from '../include/mm_types.ts';
import { kernelGlobal } from '../globals.ts';
import { kernel } from '../kernel.ts';
import type { Spinlock } from '../kernel/locking/spinlock.ts';
import { KernelMemory } from '../tracking.ts';
import type { Page } from './page_alloc.ts';

/**
 * Page frames that are handed out again (SCYTHE_PAGE_REUSE): whoever still uses a page after its end shares it with
 * its next owner. Without the option a page is used once, as all allocations depend on each other with it.
 */
export const reusesPages = (): boolean => kernel().config.SCYTHE_PAGE_REUSE;

/** What stays with a page frame from one owner to the next. */
export class PageFrame {
  /** What stands in it, as somebody sees it who takes it for a page table. */
  readonly words: Cell<Pte | null>[] = [];
  /** The page-table lock, which stands in struct page. */
  ptl: Spinlock | null = null;
  /** struct page, once somebody has asked for it. */
  page: Page | null = null;
}

/** The frame of a page that may be handed out again, or null. */
export function frameOf(memory: Memory): PageFrame | null {
  if (!(memory instanceof KernelMemory) || memory.kind !== 'page' || !reusesPages()) return null;
  return (memory.pageFrame ??= new PageFrame());
}

/**
 * Free frames of one page, the one that was freed last in front: it is handed out first, as it may still be in the
 * cache.
 */
const pcp_list = kernelGlobal('pcp_list', () => new Cell<readonly KernelMemory[]>([], 'pcp->lists[0]'));

const PAGE_SIZE = 4096;

/** free_unref_page_commit() - whoever comes next gets this page. Context: its memory has ended. */
export function* free_frame(memory: Memory): Body<void> {
  if (!reusesPages() || !(memory instanceof KernelMemory) || memory.size !== PAGE_SIZE) return;
  yield* pcp_list().update((frames) => [memory, ...frames]);
}

/** rmqueue_pcplist() - the frame that was freed last, or null where there is none. */
export function* take_frame(): Body<KernelMemory | null> {
  const [first = null] = yield* pcp_list().update((frames) => frames.slice(1));
  return first;
}

/** The second birth of memory, cleared. */
export class HandOut extends Operation<void> {
  constructor(private readonly target: KernelMemory) {
    super('alloc', target, 'write');
  }

  override execute(): void {
    this.target.alive = true;
    for (const word of this.target.pageFrame?.words ?? []) word.value = null;
    kernel().hooks.emit('allocated', this.target);
  }
}

/** Eight bytes that a program has written: 'aaaaaaaa'. */
const USER_DATA: Pte = { page: null, writable: false, counter: -1, word: 0x6161616161616161n };

/** User code fills a page with data. Who takes the page for a page table sees these. */
export function* user_store(page: Page): Body<void> {
  for (const word of frameOf(page.memory)?.words ?? []) yield* new UserStore(word, page.memory);
}

/** Through a translation, whatever became of the page: no sanitizer watches user code. */
class UserStore extends Operation<void> {
  constructor(
    private readonly word: Cell<Pte | null>,
    page: Memory,
  ) {
    super('write', word, 'write', page);
  }

  override get memory(): null {
    return null;
  }

  override execute(): void {
    this.word.value = USER_DATA;
  }
}

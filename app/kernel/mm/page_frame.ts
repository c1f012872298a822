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

/** Pages that are freed are filled with a pattern: CONFIG_PAGE_POISONING, and page_poison=1 (plain). */
export function page_poisoning_enabled(): boolean {
  const { config, append } = kernel();
  return config.PAGE_POISONING && ['1', 'y', 'Y', 'on'].includes(append.get('page_poison') ?? '');
}

/** (plain) Nobody owns the page: what stands in it is the pattern, or what somebody wrote over it. */
export const poisoned = (memory: Memory): boolean =>
  !memory.alive && memory.kind === 'page' && page_poisoning_enabled();

/** Eight times PAGE_POISON. */
const POISON: Pte = { page: null, writable: false, counter: -1, word: 0xaaaaaaaaaaaaaaaan };

/** What stays with a page frame from one owner to the next. */
export class PageFrame {
  /** What stands in it, eight bytes each, as somebody sees it who takes it for a page table; where anybody looks. */
  private readonly words = new Map<number, Cell<Pte | null>>();
  /** The page-table lock, which stands in struct page. */
  ptl: Spinlock | null = null;
  /** struct page, once somebody has asked for it. */
  page: Page | null = null;

  /** A word of it, for a page table that is nobody else's yet. */
  word(index: number, memory: Memory, what = 'pte'): Cell<Pte | null> {
    let word = this.words.get(index);
    if (word === undefined) {
      word = new Cell<Pte | null>(null, `${what}[${index}]`, memory);
      this.words.set(index, word);
    }
    return word;
  }

  get all(): Iterable<Cell<Pte | null>> {
    return this.words.values();
  }

  /** By their place in the page. */
  get placed(): ReadonlyMap<number, Cell<Pte | null>> {
    return this.words;
  }

  /** (plain) */
  fill(content: Pte | null): void {
    for (const word of this.words.values()) word.value = content;
  }

  /** kernel_poison_pages(), a part of freeing the page (plain). */
  poison(): void {
    if (page_poisoning_enabled()) this.fill(POISON);
  }
}

/** The frame of a page in which somebody may find what is not his own, or null. */
export function frameOf(memory: Memory): PageFrame | null {
  if (!(memory instanceof KernelMemory) || memory.kind !== 'page') return null;
  if (!reusesPages() && !page_poisoning_enabled()) return null;
  return (memory.pageFrame ??= new PageFrame());
}

/**
 * Free frames of one page, the one that was freed last in front: it is handed out first, as it may still be in the
 * cache.
 */
const pcp_list = kernelGlobal('pcp_list', () => new Cell<readonly KernelMemory[]>([], 'pcp->lists[0]'));

const PAGE_SIZE = 4096;

/** free_unref_page_commit() - whoever comes next gets the last of these pages. Context: their memory has ended. */
export function* free_frames(memories: readonly Memory[]): Body<void> {
  if (!reusesPages()) return;
  const single = memories
    .filter((memory): memory is KernelMemory => memory instanceof KernelMemory)
    .filter(({ size }) => size === PAGE_SIZE)
    .toReversed();
  if (single.length > 0) yield* pcp_list().update((frames) => [...single, ...frames]);
}

/** rmqueue_pcplist() - the frame that was freed last, or null where there is none. */
export function* take_frame(): Body<KernelMemory | null> {
  const [first = null] = yield* pcp_list().update((frames) => frames.slice(1));
  return first;
}

/** The second birth of memory, cleared. The result is what stood there, for who wants to know. */
export class HandOut extends Operation<ReadonlyMap<number, Pte | null>> {
  constructor(private readonly target: KernelMemory) {
    super('alloc', target, 'write');
  }

  override execute(): ReadonlyMap<number, Pte | null> {
    const { pageFrame } = this.target;
    const before = new Map([...(pageFrame?.placed ?? [])].map(([index, word]) => [index, word.value]));
    this.target.alive = true;
    pageFrame?.fill(null);
    kernel().hooks.emit('allocated', this.target);
    return before;
  }
}

/** Eight bytes that a program has written: 'aaaaaaaa'. */
const USER_DATA: Pte = { page: null, writable: false, counter: -1, word: 0x6161616161616161n };

/** User code fills a page with data. Who takes the page for a page table sees these. */
export function* user_store(page: Page): Body<void> {
  for (const word of frameOf(page.memory)?.all ?? []) yield* new UserStore(word, page.memory);
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

import type { Cell } from '../../sim/cell.ts';
import { kernelGlobal } from '../globals.ts';
import type { Pte } from '../include/mm_types.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { print_hex_dump } from '../lib/hexdump.ts';
import { Ratelimit } from '../lib/ratelimit.ts';
import { hashedAddress } from '../lib/vsprintf.ts';
import { KERN } from '../log.ts';
import { pr_err, printk } from '../printk.ts';
import { addressOf } from '../struct.ts';
import type { KernelMemory } from '../tracking.ts';
import { addressPlus } from './kasan/access.ts';
import { dumpLook } from './debug.ts';
import { pte_val } from './pgtable-generic.ts';

// The check of page poisoning: a page that is handed out must hold what it was filled with when it was freed.

const PAGE_POISON = 0xaa;
const PAGE_SIZE = 4096;

/**
 * (plain) __kernel_unpoison_pages() - a page off the free list: is the pattern still there?
 *
 * Context: the page is nobody's. `words` is what stands where somebody may have written.
 * Models: mm/page_poison.c.
 */
export function kernel_unpoison_pages(memory: KernelMemory, words: ReadonlyMap<number, Pte | null>): void {
  const bytes = new Uint8Array(PAGE_SIZE).fill(PAGE_POISON);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words) view.setBigUint64(index * 8, pte_val(word), true);
  check_poison_mem(memory, bytes);
}

const ratelimit = kernelGlobal('check_poison_mem.ratelimit', () => new Ratelimit('check_poison_mem'));

function check_poison_mem(memory: KernelMemory, bytes: Uint8Array): void {
  const start = bytes.findIndex((byte) => byte !== PAGE_POISON);
  if (start < 0) return;
  const end = bytes.findLastIndex((byte) => byte !== PAGE_POISON);
  if (!ratelimit().mayPrint()) return;
  const bit = start === end && isPowerOfTwo(bytes[start] ^ PAGE_POISON);
  pr_err(bit ? 'pagealloc: single bit error' : 'pagealloc: memory corruption');
  const rows = print_hex_dump(bytes.subarray(start, end + 1), (at) =>
    hashedAddress(addressPlus(placeOf(memory, start), at)),
  );
  for (const row of rows) printk(KERN.ERR, row);
  dump_stack(['__kernel_unpoison_pages', 'get_page_from_freelist', '__alloc_pages_noprof']);
  const pfn = memory.address / PAGE_SIZE;
  dumpLook({ refcount: 0, mapcount: 0, index: 0, pfn, flags: 0, slab: false });
  printk(KERN.WARNING, 'page dumped because: pagealloc: corrupted page details');
}

const isPowerOfTwo = (bits: number): boolean => bits !== 0 && (bits & (bits - 1)) === 0;

/** The address of a byte of the page: that of the word, as others print it. */
function placeOf(memory: KernelMemory, at: number): string {
  const word: Cell<Pte | null> | undefined = memory.pageFrame?.placed.get(Math.floor(at / 8));
  return word === undefined ? addressPlus(addressOf(memory), at) : addressPlus(addressOf(word), at % 8);
}

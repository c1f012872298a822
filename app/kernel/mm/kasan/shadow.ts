import { addressOf } from '../../struct.ts';
import { printsNew } from '../../report/wording.ts';
import type { KernelMemory } from '../../tracking.ts';
import { slotOf } from '../../addresses.ts';
import { addressPlus } from './access.ts';

/** One row of shadow memory stands for 128 bytes. */
const ROW = 128;

const SLAB_FREE = 'fb';
/** The first 8 bytes of a freed object: the sanitizer keeps the free stack there. */
const SLAB_FREE_META = 'fa';
const SLAB_REDZONE = 'fc';
const PAGE_FREE = 'ff';
const VMALLOC_INVALID = 'f8';

/** What kind of bug an access to this memory is, dead as it is: the shadow tells. */
export function bugType(memory: KernelMemory): string {
  if (memory.kind === 'slab') return printsNew('slabInKasanKind') ? 'slab-use-after-free' : 'use-after-free';
  if (memory.kind === 'page') return 'use-after-free';
  return 'vmalloc-out-of-bounds';
}

/** The shadow around an address: two rows before and after it, and a caret under its byte. */
export function shadowRows(memory: KernelMemory, address: string): string[] {
  const inRow = Number.parseInt(address.slice(-2), 16) % ROW;
  const lines: string[] = [];
  for (let row = -2; row <= 2; row++) {
    const start = addressPlus(address, row * ROW - inRow);
    const bytes: string[] = [];
    for (let i = 0; i < 16; i++) bytes.push(shadowByte(memory, addressPlus(start, i * 8)));
    lines.push(`${row === 0 ? '>' : ' '}${start}: ${bytes.join(' ')}`);
    if (row === 0) lines.push('^'.padStart(20 + 3 * Math.floor(inRow / 8)));
  }
  return lines;
}

function shadowByte(memory: KernelMemory, address: string): string {
  if (memory.kind === 'page') return PAGE_FREE;
  if (memory.kind !== 'slab') return VMALLOC_INVALID;
  const at = Number.parseInt(address.slice(6), 16) - Number.parseInt(addressOf(memory).slice(6), 16);
  if (at === 0) return SLAB_FREE_META;
  const end = Math.ceil(memory.size / 8) * 8;
  return at > 0 && at < Math.min(end, slotOf(memory.size)) ? SLAB_FREE : SLAB_REDZONE;
}

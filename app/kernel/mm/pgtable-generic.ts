import type { Body } from '../../sim/call.ts';
import type { Cell } from '../../sim/cell.ts';
import { hex } from '../arch/x86/kernel/regs.ts';
import { PteTable, type Pmd, type Pte } from '../include/mm_types.ts';
import { READ_ONCE, WRITE_ONCE } from '../include/rwonce.ts';
import { kfunc } from '../kfunc.ts';
import { pr_err } from '../printk.ts';
import { hashedAddress } from '../lib/vsprintf.ts';
import { addressOf } from '../struct.ts';

// Entries of page tables as numbers, and what is done about those that are none (mm/pgtable-generic.c).

/** _KERNPG_TABLE | _PAGE_USER: what a pmd entry has besides the address of a table. */
const PAGE_TABLE = 0x067n;
/** _PAGE_NX and _PAGE_TABLE, without _PAGE_RW: what the entry of a page of memory has. */
const PAGE_READONLY = 0x8000_0000_0000_0065n;
const PAGE_RW = 0x002n;

/** pte_val() (plain). An entry in swap of which nobody knows where is all type and no offset. */
export function pte_val(pte: Pte | null): bigint {
  if (pte === null) return 0n;
  if (pte.word !== undefined) return pte.word;
  if (pte.page === null) return 0x0fff_ffff_ffff_fe00n;
  return BigInt(pte.page.memory.address) | PAGE_READONLY | (pte.writable ? PAGE_RW : 0n);
}

/** pmd_val() (plain) */
export const pmd_val = (pmd: Pmd): bigint =>
  pmd instanceof PteTable ? BigInt(pmd.memory.address) | PAGE_TABLE : pte_val(pmd);

/**
 * pmd_clear_bad() - say what stands in place of a pmd entry, and take it away, whoever's it is.
 *
 * Context: no lock in particular.
 */
export const pmd_clear_bad = kfunc('pmd_clear_bad', function* (pmd: Cell<Pmd>, value: Pmd): Body<void> {
  pr_err(`mm/pgtable-generic.c:54: bad pmd ${hashedAddress(addressOf(pmd))}(${hex(pmd_val(value))})`);
  yield* WRITE_ONCE<Pmd>(pmd, null);
});

/**
 * The table that a pmd entry points at, or null: for none, and for what is no entry. That is reported and taken away, as
 * pmd_none_or_clear_bad() and, from v6.5 on, __pte_offset_map() have it.
 *
 * `value` is what stands there, by a look of its own. Models: kernels without TRANSPARENT_HUGEPAGE, to which no garbage
 * looks like a huge page.
 */
export function* tableAt(pmd: Cell<Pmd>, value: Pmd): Body<PteTable | null> {
  if (value === null || value instanceof PteTable) return value;
  yield* pmd_clear_bad(pmd, value);
  return null;
}

/** As tableAt(), and looks there. */
export function* pmd_table(pmd: Cell<Pmd>): Body<PteTable | null> {
  return yield* tableAt(pmd, yield* READ_ONCE(pmd));
}

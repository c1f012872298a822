import { Cell, type Counter } from '../../sim/cell.ts';
import { Spinlock } from '../kernel/locking/spinlock.ts';
import { Struct } from '../struct.ts';
import { ListHead } from './list.ts';

/** Bits of `si->flags`. */
export const SWP_USED = 0x1;
export const SWP_WRITEOK = 0x2;

/** struct swap_info_struct - one swap area. */
export class SwapInfoStruct extends Struct {
  readonly lock = new Spinlock('&p->lock', this.memory);
  /** Under swap_lock and lock. */
  readonly flags = this.field('flags', 0);
  /** Pages of the area whose entry is in use: in page tables or in the swap cache. */
  readonly inuse_pages: Counter = this.counter('inuse_pages');
  /** Link in swap_active_head. */
  readonly list: ListHead<SwapInfoStruct> = new ListHead<SwapInfoStruct>('list', this.memory, this);
  /** What it was made of. */
  device = '';
  pages = 0;
}

/**
 * A stretch of a swap area that holds the contents of one modelled page, and how many refer to it. The C has a byte of
 * `si->swap_map` for each page, and in page tables the number of it.
 */
export class SwapEntry {
  readonly swap_map: Cell<number>;

  constructor(
    readonly si: SwapInfoStruct,
    /** How many pages of the area it takes. */
    readonly pages: number,
  ) {
    this.swap_map = new Cell(1, 'si->swap_map');
  }
}

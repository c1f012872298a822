import type { Memory } from '../../sim/memory.ts';
import { Cell } from '../../sim/cell.ts';
import { RcuHead } from '../kernel/rcu/rcu_head.ts';
import { Struct } from '../struct.ts';
import type { VmAreaStruct } from './mm_types.ts';

/** XA_ZERO_ENTRY - marks the place up to which dup_mmap() came. Not a VMA: whoever takes it for one is lost. */
export const XA_ZERO_ENTRY = 'XA_ZERO_ENTRY';

export type MapleEntry = VmAreaStruct | typeof XA_ZERO_ENTRY;

export const xa_is_zero = (entry: MapleEntry | null): entry is typeof XA_ZERO_ENTRY =>
  entry === XA_ZERO_ENTRY;

/** A range of addresses and what is stored there. */
export interface MapleSlot {
  readonly start: number;
  /** The first address behind it. */
  readonly end: number;
  readonly entry: MapleEntry;
}

/** struct maple_node - holds the entries by ascending address. One node stands for all levels. */
export class MapleNode extends Struct {
  readonly slots = this.field<readonly MapleSlot[]>('slots', []);
  readonly rcu = new RcuHead(this.memory, 'rcu.', this);
}

/** struct maple_tree - the VMAs of an mm; its own cell is the pointer to the root. */
export class MapleTree {
  readonly ma_root: Cell<MapleNode | null>;
  /** Readers may walk under RCU alone: nodes are freed after a grace period. */
  readonly in_rcu: Cell<boolean>;

  constructor(
    name: string,
    memory: Memory,
    /** (plain) Is the lock held that guards the tree? Null where nothing checks. */
    readonly locked: () => boolean,
  ) {
    this.ma_root = new Cell<MapleNode | null>(null, `${name}.ma_root`, memory);
    this.in_rcu = new Cell(true, `${name}.ma_flags`, memory);
  }
}

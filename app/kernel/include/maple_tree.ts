import type { Memory } from '../../sim/memory.ts';
import { Cell } from '../../sim/cell.ts';
import { Struct } from '../struct.ts';
import type { VmAreaStruct } from './mm_types.ts';

/** struct maple_node - holds the VMAs by ascending address. One node stands for all levels. */
export class MapleNode extends Struct {
  readonly slots = this.field<readonly VmAreaStruct[]>('slots', []);
}

/** struct maple_tree - the VMAs of an mm; its own cell is the pointer to the root. */
export class MapleTree {
  readonly ma_root: Cell<MapleNode | null>;
  /** Readers may walk under RCU alone: nodes are freed after a grace period. */
  readonly in_rcu: Cell<boolean>;

  constructor(name: string, memory: Memory) {
    this.ma_root = new Cell<MapleNode | null>(null, `${name}.ma_root`, memory);
    this.in_rcu = new Cell(true, `${name}.ma_flags`, memory);
  }
}

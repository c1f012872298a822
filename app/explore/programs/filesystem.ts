import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { Lock } from '../../sim/lock.ts';
import { Machine } from '../../sim/machine.ts';
import { endingTitles, type Program } from '../program.ts';

const BLOCKS = 26;
const INODES = 32;

interface FileSystem {
  readonly inodeLocks: readonly Lock[];
  readonly inodes: readonly Cell<number>[];
  readonly blockLocks: readonly Lock[];
  readonly busy: readonly Cell<boolean>[];
}

/**
 * filesystem(N): each of N tasks takes a free block for its inode, under the inode's and the block's lock.
 * Up to thirteen tasks meet nowhere: 1 execution; each further one doubles the number.
 */
export function filesystem(count: number): Program {
  return {
    create: () => {
      const machine = new Machine();
      machine.inside(() => {
        const shared: FileSystem = {
          inodeLocks: Array.from({ length: INODES }, () => new Lock('locki')),
          inodes: Array.from({ length: INODES }, () => new Cell(0, 'inode')),
          blockLocks: Array.from({ length: BLOCKS }, () => new Lock('lockb')),
          busy: Array.from({ length: BLOCKS }, () => new Cell(false, 'busy')),
        };
        for (let i = 0; i < count; i++)
          machine.spawn({ label: `task ${i}`, body: () => allocate(shared, i) });
      });
      return machine;
    },
    judge: endingTitles,
  };
}

function* allocate({ inodeLocks, inodes, blockLocks, busy }: FileSystem, task: number): Body<void> {
  const inode = task % INODES;
  yield* inodeLocks[inode].acquire();
  if ((yield* inodes[inode].read()) === 0) {
    let block = (inode * 2) % BLOCKS;
    for (let placed = false; !placed; block = (block + 1) % BLOCKS) {
      yield* blockLocks[block].acquire();
      if (!(yield* busy[block].read())) {
        yield* busy[block].write(true);
        yield* inodes[inode].write(block + 1);
        placed = true;
      }
      yield* blockLocks[block].release();
    }
  }
  yield* inodeLocks[inode].release();
}

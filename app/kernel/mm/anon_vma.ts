import type { Body } from '../../sim/call.ts';
import { nullDereference } from '../arch/x86/mm/fault.ts';
import { ENOMEM } from '../include/errno.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { AnonVma, VM_EXEC, VM_READ, VM_WRITE, type VmAreaStruct } from '../include/mm_types.ts';
import { READ_ONCE } from '../include/rwonce.ts';
import { kfunc } from '../kfunc.ts';
import { down_write, up_write } from '../kernel/locking/rwsem.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import { MaState, mas_find_rev, mtree_load } from '../lib/maple_tree.ts';
import { __should_failslab } from './failslab.ts';

const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;

/** What `vm_start` is read from where the tree holds XA_ZERO_ENTRY in place of a VMA: it is the first field. */
const VM_START_OF_XA_ZERO = 0x406;

/** anon_vma_compatible() - could the two be one VMA, `b` right behind `a`? */
function* anon_vma_compatible(a: VmAreaStruct, b: VmAreaStruct): Body<boolean> {
  if ((yield* a.vm_end.read()) !== (yield* b.vm_start.read())) return false;
  // As all of one file have begun as one mapping, vm_pgoff goes on where the range does.
  if (a.vm_file !== b.vm_file || (a.vm_file !== null && a.range !== b.range)) return false;
  const differ = (yield* a.vm_flags.read()) ^ (yield* b.vm_flags.read());
  return (differ & ~VM_ACCESS_FLAGS) === 0;
}

/** reusable_anon_vma() - that of a neighbour, unless a fork shares it. */
function* reusable_anon_vma(old: VmAreaStruct, a: VmAreaStruct, b: VmAreaStruct): Body<AnonVma | null> {
  if (!(yield* anon_vma_compatible(a, b))) return null;
  const anon_vma = yield* READ_ONCE(old.anon_vma);
  return anon_vma !== null && (yield* anon_vma.vmas.read()).length === 1 ? anon_vma : null;
}

/**
 * find_mergeable_anon_vma() - an anon_vma of a neighbour, so that the two can be merged later.
 *
 * Context: mmap_lock. What stands behind the VMA in the tree is taken as it is: the marker of a fork that did not finish
 * is no VMA, and nobody looks for it here.
 * Models: mm/mmap.c, mm/vma.c.
 */
const find_mergeable_anon_vma = kfunc('find_mergeable_anon_vma', function* (vma: VmAreaStruct) {
  const tree = vma.vm_mm.mm_mt;
  const next = yield* mtree_load(tree, yield* vma.vm_end.read());
  if (xa_is_zero(next)) return yield* nullDereference(VM_START_OF_XA_ZERO);
  if (next !== null) {
    const anon_vma = yield* reusable_anon_vma(next, vma, next);
    if (anon_vma !== null) return anon_vma;
  }
  const prev = yield* mas_find_rev(new MaState(tree, yield* vma.vm_start.read()), 0);
  if (prev === null || xa_is_zero(prev)) return null;
  return yield* reusable_anon_vma(prev, prev, vma);
});

/**
 * anon_vma_prepare() - the VMA is to have pages of its own: let reclaim find it by them. 0 or -ENOMEM.
 *
 * Context: mmap_lock. Models: mm/rmap.c.
 */
export const anon_vma_prepare = kfunc(
  'anon_vma_prepare',
  function* (vma: VmAreaStruct) {
    if ((yield* vma.anon_vma.read()) !== null) return 0;
    return yield* __anon_vma_prepare(vma);
  },
  { inlined: true },
);

const __anon_vma_prepare = kfunc('__anon_vma_prepare', function* (vma: VmAreaStruct) {
  might_sleep('mm/rmap.c', 195);
  if (yield* __should_failslab('anon_vma_chain')) return -ENOMEM;
  const anon_vma = (yield* find_mergeable_anon_vma(vma)) ?? new AnonVma([]);
  yield* down_write(anon_vma.rwsem);
  yield* spin_lock(vma.vm_mm.page_table_lock);
  if ((yield* vma.anon_vma.read()) === null) {
    yield* vma.anon_vma.write(anon_vma);
    yield* anon_vma.vmas.update((vmas) => [...vmas, vma]);
  }
  yield* spin_unlock(vma.vm_mm.page_table_lock);
  yield* up_write(anon_vma.rwsem);
  return 0;
});

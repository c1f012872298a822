import type { Body } from '../../../sim/call.ts';
import { kernelGlobal } from '../../globals.ts';
import { atomic_inc_not_zero } from '../../include/atomic.ts';
import { clear_bit } from '../../include/bitops.ts';
import { EINVAL } from '../../include/errno.ts';
import { xa_is_zero } from '../../include/maple_tree.ts';
import { mm_flags_set, mm_flags_test } from '../../include/mm.ts';
import {
  MMF_HAS_UPROBES,
  MMF_RECALC_UPROBES,
  ULONG_MAX,
  VM_HUGETLB,
  VM_MAYEXEC,
  VM_MAYSHARE,
  VM_WRITE,
  type AddressSpace,
  type MmStruct,
  type VmAreaStruct,
  type VmFile,
} from '../../include/mm_types.ts';
import { mmap_write_lock, mmap_write_unlock } from '../../include/mmap_lock.ts';
import { kfunc } from '../../kfunc.ts';
import { MaState, mas_find } from '../../lib/maple_tree.ts';
import { check_stable_address_space } from '../../mm/memory_fault.ts';
import { mmput } from '../fork.ts';
import { percpu_down_write, percpu_up_write } from '../locking/percpu-rwsem.ts';
import { down_read, down_write, RwSemaphore, up_read, up_write } from '../locking/rwsem.ts';
import { dup_mmap_sem, probed_file } from './dup_mmap_sem.ts';
import { uprobe_write_opcode } from './write_opcode.ts';

/** struct uprobe - a breakpoint at an offset of a file, in every process that runs it. With one consumer. */
export class Uprobe {
  readonly register_rwsem = new RwSemaphore('&uprobe->register_rwsem', null);

  constructor(
    readonly inode: VmFile,
    readonly offset: number,
  ) {}
}

/** Each offset has one, as in uprobes_tree. */
const uprobes_tree = kernelGlobal('uprobes_tree', () => new Map<number, Uprobe>());

function alloc_uprobe(offset: number): Uprobe {
  const tree = uprobes_tree();
  const uprobe = tree.get(offset) ?? new Uprobe(probed_file(), offset);
  tree.set(offset, uprobe);
  return uprobe;
}

interface MapInfo {
  readonly mm: MmStruct;
  readonly vaddr: number;
}

/** valid_vma() - private code that nobody may write. To take a probe out one is less strict. */
function* valid_vma(vma: VmAreaStruct, is_register: boolean): Body<boolean> {
  const flags = VM_HUGETLB | VM_MAYEXEC | VM_MAYSHARE | (is_register ? VM_WRITE : 0);
  return vma.vm_file !== null && ((yield* vma.vm_flags.read()) & flags) === VM_MAYEXEC;
}

/** offset_to_vaddr(): a VMA that was split off knows where the mapping began. */
const offset_to_vaddr = (vma: VmAreaStruct, offset: number): number => vma.range.start + offset;

/**
 * build_map_info() - who maps this place of the file, each a user of its mm from now on.
 *
 * Context: takes i_mmap_rwsem for read. Leaves out: that memory for the list is asked for under the lock, and once more
 * outside.
 */
const build_map_info = kfunc(
  'build_map_info',
  function* (mapping: AddressSpace, offset: number, is_register: boolean): Body<readonly MapInfo[]> {
    const found: MapInfo[] = [];
    yield* down_read(mapping.i_mmap_rwsem);
    for (const vma of yield* mapping.i_mmap.read()) {
      const vaddr = offset_to_vaddr(vma, offset);
      // The interval tree gives those that have the page.
      if (vaddr < (yield* vma.vm_start.read()) || vaddr >= (yield* vma.vm_end.read())) continue;
      if (!(yield* valid_vma(vma, is_register))) continue;
      if (!(yield* atomic_inc_not_zero(vma.vm_mm.mm_users))) continue;
      found.unshift({ mm: vma.vm_mm, vaddr });
    }
    yield* up_read(mapping.i_mmap_rwsem);
    return found;
  },
  { inlined: true },
);

/** A line of register_for_each_vma(): is the mm to be left alone? Context: mmap_lock held for write. */
export const register_skips = kfunc(
  'register_skips',
  function* (mm: MmStruct) {
    return (yield* check_stable_address_space(mm)) !== 0;
  },
  { inlined: true },
);

/**
 * register_for_each_vma() - put a probe into all who map the file, or take it out.
 *
 * Context: takes dup_mmap_sem for write, which keeps forks out; then mmap_lock of each mm for write.
 * Return: 0 or the first error. Models: kernel/events/uprobes.c as of v6.14 and v6.12.y. Leaves out: filters.
 */
const register_for_each_vma = kfunc(
  'register_for_each_vma',
  function* (uprobe: Uprobe, is_register: boolean): Body<number> {
    const mapping = uprobe.inode.i_mapping;
    if (mapping === undefined) return -EINVAL;
    let err = 0;
    yield* percpu_down_write(dup_mmap_sem());
    for (const { mm, vaddr } of yield* build_map_info(mapping, uprobe.offset, is_register)) {
      if (err === 0 || !is_register) {
        yield* mmap_write_lock(mm);
        if (!(yield* register_skips(mm))) err |= yield* changeOne(uprobe, mm, vaddr, is_register);
        yield* mmap_write_unlock(mm);
      }
      yield* mmput(mm);
    }
    yield* percpu_up_write(dup_mmap_sem());
    return err;
  },
);

/** What register_for_each_vma() does to one mm. Context: mmap_lock held for write. */
function* changeOne(uprobe: Uprobe, mm: MmStruct, vaddr: number, is_register: boolean): Body<number> {
  const vma = yield* find_vma(mm, vaddr);
  if (vma === null || !(yield* valid_vma(vma, is_register)) || vma.vm_file !== uprobe.inode) return 0;
  if ((yield* vma.vm_start.read()) > vaddr || offset_to_vaddr(vma, uprobe.offset) !== vaddr) return 0;
  if (is_register) return yield* install_breakpoint(uprobe, mm, vaddr);
  return (yield* mm_flags_test(MMF_HAS_UPROBES, mm)) ? yield* remove_breakpoint(uprobe, mm, vaddr) : 0;
}

/** find_vma() - the VMA at an address or the next one. Who asks by mt_find() never sees the marker. */
function* find_vma(mm: MmStruct, address: number): Body<VmAreaStruct | null> {
  const mas = new MaState(mm.mm_mt, address);
  for (;;) {
    const entry = yield* mas_find(mas, ULONG_MAX);
    if (!xa_is_zero(entry)) return entry;
  }
}

/** install_breakpoint() - leaves out: the copy of the instruction, and what is done when the breakpoint is hit. */
const install_breakpoint = kfunc(
  'install_breakpoint',
  function* (uprobe: Uprobe, mm: MmStruct, vaddr: number) {
    const first = !(yield* mm_flags_test(MMF_HAS_UPROBES, mm));
    if (first) yield* mm_flags_set(MMF_HAS_UPROBES, mm);
    const ret = yield* uprobe_write_opcode(mm, vaddr, true);
    if (ret === 0) yield* clear_bit(MMF_RECALC_UPROBES, mm.flags);
    else if (first) yield* clear_bit(MMF_HAS_UPROBES, mm.flags);
    return ret;
  },
);

const remove_breakpoint = kfunc(
  'remove_breakpoint',
  function* (_uprobe: Uprobe, mm: MmStruct, vaddr: number) {
    yield* mm_flags_set(MMF_RECALC_UPROBES, mm);
    return yield* uprobe_write_opcode(mm, vaddr, false);
  },
  { inlined: true },
);

/**
 * uprobe_register() - stop all who come by `offset` of the probed file. Return: 0 or an error: then it is nowhere.
 *
 * Leaves out: consumers but one, reference counters, mappings that are made later (uprobe_mmap()).
 */
export const uprobe_register = kfunc('uprobe_register', function* (offset: number): Body<number> {
  if (!Number.isInteger(offset) || offset < 0) return -EINVAL;
  const uprobe = alloc_uprobe(offset);
  yield* down_write(uprobe.register_rwsem);
  const ret = yield* register_for_each_vma(uprobe, true);
  if (ret !== 0) yield* register_for_each_vma(uprobe, false);
  yield* up_write(uprobe.register_rwsem);
  return ret;
});

/** uprobe_unregister() - and from now on nobody. Return: 0 or -EINVAL if there is no such probe. */
export const uprobe_unregister = kfunc('uprobe_unregister', function* (offset: number): Body<number> {
  const uprobe = uprobes_tree().get(offset);
  if (uprobe === undefined) return -EINVAL;
  yield* down_write(uprobe.register_rwsem);
  const ret = yield* register_for_each_vma(uprobe, false);
  yield* up_write(uprobe.register_rwsem);
  return ret;
});

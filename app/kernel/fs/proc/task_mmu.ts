import type { Body } from '../../../sim/call.ts';
import {
  PAGE_SIZE,
  ULONG_MAX,
  VM_EXEC,
  VM_LOCKED,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type MmStruct,
  type VmAreaStruct,
} from '../../include/mm_types.ts';
import { mmap_read_lock_killable, mmap_read_unlock } from '../../include/mmap_lock.ts';
import { PF_KTHREAD, type TaskStruct } from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { get_task_mm, mmput } from '../../kernel/fork.ts';
import { mas_find, MaState } from '../../lib/maple_tree.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from '../../mm/memory.ts';
import { STACK } from '../../mm/process-image.ts';

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');

/** One VMA as it stood under mmap_lock. */
interface Area {
  readonly vma: VmAreaStruct;
  readonly start: number;
  readonly end: number;
  readonly flags: number;
}

/** Walks an address space under mmap_lock for read, as m_start() and m_next() do. */
function* forEachArea(
  task: TaskStruct,
  show: (area: Area, before: Area | null) => Body<void>,
): Body<boolean> {
  if ((task.flags & PF_KTHREAD) !== 0) return false;
  const mm: MmStruct | null = yield* get_task_mm(task);
  if (mm === null) return false;
  if ((yield* mmap_read_lock_killable(mm)) === 0) {
    const mas = new MaState(mm.mm_mt, 0);
    let before: Area | null = null;
    for (;;) {
      const found = (yield* mas_find(mas, ULONG_MAX)) as VmAreaStruct | null;
      if (found === null) break;
      const area: Area = {
        vma: found,
        start: yield* found.vm_start.read(),
        end: yield* found.vm_end.read(),
        flags: yield* found.vm_flags.read(),
      };
      yield* show(area, before);
      before = area;
    }
    yield* mmap_read_unlock(mm);
  }
  yield* mmput(mm);
  return true;
}

/** show_map_vma(): `00401000-0047a000 r-xp 00001000 00:1a 4198 /root/simple_kvm`, the name in column 73. */
function mapLine({ vma, start, end, flags }: Area, before: Area | null): string {
  const bit = (mask: number, letter: string): string => ((flags & mask) !== 0 ? letter : '-');
  const rights = `${bit(VM_READ, 'r')}${bit(VM_WRITE, 'w')}${bit(VM_EXEC, 'x')}`;
  const shared = (flags & VM_SHARED) !== 0 ? 's' : 'p';
  const file = vma.vm_file !== null && start < PROGRAM_END ? vma.vm_file : null;
  const offset = file === null ? 0 : start - FILE_BASE;
  const device = file === null ? '00:00' : '00:1a';
  const inode = file === null ? 0 : inodeNumber(file.name);
  const head = `${hex(start, 8)}-${hex(end, 8)} ${rights}${shared} ${hex(offset, 8)} ${device} ${inode} `;
  const name = file === null ? areaName({ vma, start, end, flags }, before) : `/root/${file.name}`;
  return name === '' ? `${head}\n` : `${head.padEnd(73)}${name}\n`;
}

/** Where the file of a static program is mapped to, and below which all of the program lies. */
const FILE_BASE = 0x400000;
const PROGRAM_END = 0x1000000;

function inodeNumber(name: string): number {
  let sum = 0;
  for (let i = 0; i < name.length; i++) sum = (sum * 31 + name.charCodeAt(i)) % 99_991;
  return 100_000 + sum;
}

function areaName({ vma, start, end, flags }: Area, before: Area | null): string {
  if ((flags & VM_PFNMAP) !== 0) return '[vvar]';
  if (vma.vm_file !== null) return '[vdso]';
  if (start <= STACK && end > STACK) return '[stack]';
  const isHeap = before !== null && start >= PROGRAM_END && before.end < PROGRAM_END;
  return isHeap ? '[heap]' : '';
}

/** show_map() - /proc/<pid>/maps. Leaves out: other devices and inode numbers than made-up ones. */
export const show_map = kfunc('show_map', function* (task: TaskStruct) {
  let text = '';
  yield* forEachArea(task, function* (area, before) {
    text += mapLine(area, before);
  });
  return text;
});

interface MemSizeStats {
  size: number;
  resident: number;
  anonymous: number;
  shmem: number;
  sharedDirty: number;
  swap: number;
  locked: number;
  pss: number;
}

/** smaps_pte_range(): what is present of a VMA, entry by entry under the lock of its table. */
function* gather(area: Area, stats: MemSizeStats): Body<void> {
  const { vma, start, end } = area;
  const { range } = vma;
  const table = yield* pte_offset_map_lock(range);
  if (table === null) return;
  for (const index of table.populated(range.indexOf(start), range.indexOf(end - 1) + 1)) {
    const pte = table.ptes[index].value;
    if (pte === null) continue;
    const bytes = range.pagesOf(index) * PAGE_SIZE;
    if (pte.page === null) {
      stats.swap += bytes;
      continue;
    }
    const mapped = Math.max(1, pte.page._mapcount.value + 1);
    stats.resident += bytes;
    stats.pss += Math.floor(bytes / mapped);
    if (mapped > 1) stats.sharedDirty += bytes;
    if (vma.vm_file === null) stats.anonymous += bytes;
    else stats.shmem += Math.floor(bytes / mapped);
    if ((area.flags & VM_LOCKED) !== 0) stats.locked += Math.floor(bytes / mapped);
  }
  yield* pte_unmap_unlock(table);
}

/** show_smaps_rollup() - the sums over all VMAs. Everything counts as dirty and referenced: there is no writeback. */
export const show_smaps_rollup = kfunc('show_smaps_rollup', function* (task: TaskStruct) {
  const stats: MemSizeStats = {
    ...{ size: 0, resident: 0, anonymous: 0, shmem: 0, sharedDirty: 0, swap: 0, locked: 0, pss: 0 },
  };
  let first = -1;
  let last = 0;
  const any = yield* forEachArea(task, function* (area) {
    if (first < 0) first = area.start;
    last = area.end;
    yield* gather(area, stats);
  });
  if (!any || first < 0) return '';
  const head = `${hex(first, 8)}-${hex(last, 8)} ---p 00000000 00:00 0 `;
  const row = (name: string, bytes: number): string =>
    `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`;
  const { resident, anonymous, shmem, sharedDirty, swap, locked, pss } = stats;
  const rows = [
    ...[row('Rss', resident), row('Pss', pss), row('Pss_Dirty', pss), row('Pss_Anon', pss - shmem)],
    ...[
      row('Pss_File', 0),
      row('Pss_Shmem', shmem),
      row('Shared_Clean', 0),
      row('Shared_Dirty', sharedDirty),
    ],
    ...[row('Private_Clean', 0), row('Private_Dirty', resident - sharedDirty), row('Referenced', resident)],
    ...[row('Anonymous', anonymous), row('KSM', 0), row('LazyFree', 0), row('AnonHugePages', 0)],
    ...[row('ShmemPmdMapped', 0), row('FilePmdMapped', 0), row('Shared_Hugetlb', 0)],
    ...[
      `Private_Hugetlb: ${'0'.padStart(7)} kB\n`,
      row('Swap', swap),
      row('SwapPss', swap),
      row('Locked', locked),
    ],
  ];
  return `${head.padEnd(73)}[rollup]\n${rows.join('')}`;
});

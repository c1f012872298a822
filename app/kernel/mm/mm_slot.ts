import type { Body, Call } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { nullDereference } from '../arch/x86/mm/fault.ts';
import { atomic_read } from '../include/atomic.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { ULONG_MAX, type MmStruct } from '../include/mm_types.ts';
import {
  mmap_read_lock,
  mmap_read_trylock,
  mmap_read_unlock,
  mmap_write_lock,
  mmap_write_unlock,
} from '../include/mmap_lock.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc } from '../kfunc.ts';
import { mmdrop, mmgrab } from '../kernel/fork.ts';
import { spin_lock, Spinlock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { MaState, mas_find } from '../lib/maple_tree.ts';
import { VM_FLAGS_OF_XA_ZERO } from './oom_reaper.ts';

/** Who scans address spaces of its own accord, by a list: khugepaged for pages to join, ksmd for pages to share. */
export type Scanner = 'khugepaged' | 'ksm';

/** struct mm_slot - the mms that a scanner goes through, each held by mm_count, and the one it is at. */
class MmSlots {
  readonly lock: Spinlock;
  readonly slots: Cell<readonly MmStruct[]>;
  readonly scanning: Cell<MmStruct | null>;

  constructor(scanner: Scanner) {
    this.lock = new Spinlock(scanner === 'ksm' ? 'ksm_mmlist_lock' : 'khugepaged_mm_lock');
    this.slots = new Cell<readonly MmStruct[]>([], `${scanner} mm_slots`);
    this.scanning = new Cell<MmStruct | null>(null, `${scanner} scan.mm_slot`);
  }
}

const mm_slots = kernelGlobal('mm_slots', () => ({
  khugepaged: new MmSlots('khugepaged'),
  ksm: new MmSlots('ksm'),
}));

/** __khugepaged_enter(), __ksm_enter() - have an mm scanned. Context: by a user of the mm, or by its fork. */
export function* mm_slot_enter(scanner: Scanner, mm: MmStruct): Body<void> {
  if (mm.scanners.includes(scanner)) return;
  mm.scanners = [...mm.scanners, scanner];
  const { lock, slots } = mm_slots()[scanner];
  yield* mmgrab(mm);
  yield* spin_lock(lock);
  yield* slots.update((others) => [...others, mm]);
  yield* spin_unlock(lock);
}

/** ksm_fork(), khugepaged_fork() - the copy of an mm that is scanned is scanned, too. */
export function* mm_slots_fork(mm: MmStruct, oldmm: MmStruct): Body<void> {
  for (const scanner of ['ksm', 'khugepaged'] as const) {
    if (oldmm.scanners.includes(scanner)) yield* mm_slot_enter(scanner, mm);
  }
}

/**
 * ksm_exit(), khugepaged_exit() - the mm has no users any more. A scanner that is at it is waited for, by its lock.
 *
 * Models: mm/khugepaged.c, mm/ksm.c. Leaves out: that ksmd frees the slot itself if it is at it.
 */
export function* mm_slots_exit(mm: MmStruct): Body<void> {
  for (const scanner of mm.scanners) {
    const { lock, slots, scanning } = mm_slots()[scanner];
    yield* spin_lock(lock);
    const busy = (yield* scanning.read()) === mm;
    yield* slots.update((others) => others.filter((other) => other !== mm));
    yield* spin_unlock(lock);
    if (busy) {
      yield* mmap_write_lock(mm);
      yield* mmap_write_unlock(mm);
    }
    yield* mmdrop(mm);
  }
}

/** hpage_collapse_test_exit(), ksm_test_exit() - has the last user gone? Context: mmap_lock. */
function* test_exit(mm: MmStruct): Body<boolean> {
  return (yield* atomic_read(mm.mm_users)) === 0;
}

/** Looks at each VMA. Context: mmap_lock held for read. Leaves out: what is done to the pages. */
function* scanVmas(mm: MmStruct): Body<void> {
  if (yield* test_exit(mm)) return;
  const mas = new MaState(mm.mm_mt, 0);
  for (let vma = yield* mas_find(mas, ULONG_MAX); vma !== null; vma = yield* mas_find(mas, ULONG_MAX)) {
    // Nobody asks whether it is a VMA at all.
    if (xa_is_zero(vma)) yield* nullDereference(VM_FLAGS_OF_XA_ZERO);
    else yield* vma.vm_flags.read();
    if (yield* test_exit(mm)) return;
  }
}

/** khugepaged_scan_mm_slot() - khugepaged at one mm: not if it has to wait. Models: mm/khugepaged.c. */
const khugepaged_scan_mm_slot = kfunc('khugepaged_scan_mm_slot', function* (mm: MmStruct): Body<void> {
  if (!(yield* mmap_read_trylock(mm))) return;
  yield* scanVmas(mm);
  yield* mmap_read_unlock(mm);
});

/** scan_get_next_rmap_item() - ksmd at one mm. Models: mm/ksm.c. */
const scan_get_next_rmap_item = kfunc('scan_get_next_rmap_item', function* (mm: MmStruct): Body<void> {
  yield* mmap_read_lock(mm);
  yield* scanVmas(mm);
  yield* mmap_read_unlock(mm);
});

/** One round over all mms, as khugepaged_do_scan() and ksm_do_scan() make them. */
export function* mm_slots_scan(scanner: Scanner): Body<void> {
  const { lock, slots, scanning } = mm_slots()[scanner];
  const scan: (mm: MmStruct) => Call<void> =
    scanner === 'ksm' ? scan_get_next_rmap_item : khugepaged_scan_mm_slot;
  const done = new Set<MmStruct>();
  for (;;) {
    yield* spin_lock(lock);
    const mm = (yield* slots.read()).find((each) => !done.has(each)) ?? null;
    yield* scanning.write(mm);
    if (mm !== null) yield* mmgrab(mm);
    yield* spin_unlock(lock);
    if (mm === null) return;
    done.add(mm);
    yield* scan(mm);
    yield* mmdrop(mm);
  }
}

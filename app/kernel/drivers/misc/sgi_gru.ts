import type { Memory } from '../../../sim/memory.ts';
import { Atomic, atomic_dec_and_test, atomic_inc, atomic_read } from '../../include/atomic.ts';
import { EINVAL, ENOMEM, ENOTTY } from '../../include/errno.ts';
import type { FileOperations, FileStruct, Inode } from '../../include/fs.ts';
import { GFP_KERNEL } from '../../include/gfp.ts';
import type { MmStruct } from '../../include/mm_types.ts';
import { mmap_write_lock, mmap_write_unlock } from '../../include/mmap_lock.ts';
import { MmuNotifier, type MmuNotifierOps, type MmuNotifierRange } from '../../include/mmu_notifier.ts';
import { current } from '../../include/sched.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { wait_event, WaitQueueHead, wake_up_all } from '../../kernel/sched/wait.ts';
import { mmu_notifier_get_locked, mmu_notifier_put } from '../../mm/mmu_notifier.ts';
import { kfree, kzalloc } from '../../mm/slab.ts';
import { Struct } from '../../struct.ts';
import { registerDevice } from '../base/core.ts';

// SGI UV's GRU, a processor for memory references with a TLB of its own: /dev/gru. Its TLB is none of the model's.

/** struct gru_mm_struct - one for each mm that uses the GRU. */
export class GruMmStruct extends Struct {
  readonly ms_notifier: MmuNotifier;
  /** Starts minus ends. While it is raised, nobody fills the TLB. */
  readonly ms_range_active: Atomic;
  readonly ms_wait_queue: WaitQueueHead;

  constructor(memory: Memory) {
    super(memory);
    this.ms_notifier = new MmuNotifier(memory, 'ms_notifier.', this);
    this.ms_range_active = new Atomic('ms_range_active', 0, memory);
    this.ms_wait_queue = new WaitQueueHead('&gms->ms_wait_queue', memory);
  }
}

function gmsOf(mn: MmuNotifier): GruMmStruct {
  if (mn.container instanceof GruMmStruct) return mn.container;
  throw new Error('the notifier is not embedded in a struct gru_mm_struct');
}

const gru_invalidate_range_start = kfunc(
  'gru_invalidate_range_start',
  function* (mn: MmuNotifier, _range: MmuNotifierRange) {
    yield* atomic_inc(gmsOf(mn).ms_range_active);
    return 0;
  },
);

const gru_invalidate_range_end = kfunc(
  'gru_invalidate_range_end',
  function* (mn: MmuNotifier, _range: MmuNotifierRange) {
    const gms = gmsOf(mn);
    yield* atomic_dec_and_test(gms.ms_range_active);
    yield* wake_up_all(gms.ms_wait_queue);
  },
);

const gru_alloc_notifier = kfunc('gru_alloc_notifier', function* (_mm: MmStruct) {
  const gms = yield* kzalloc(GruMmStruct, GFP_KERNEL, { label: 'gru_mm_struct', size: 296 });
  return gms === null ? -ENOMEM : gms.ms_notifier;
});

const gru_free_notifier = kfunc('gru_free_notifier', function* (mn: MmuNotifier) {
  yield* kfree(gmsOf(mn));
});

const gru_mmuops: MmuNotifierOps = {
  invalidate_range_start: gru_invalidate_range_start,
  invalidate_range_end: gru_invalidate_range_end,
  invalidateDoesNotBlock: true,
  alloc_notifier: gru_alloc_notifier,
  free_notifier: gru_free_notifier,
};

/**
 * gru_user_dropin() - put a translation into the TLB for who missed one there.
 *
 * Context: the user's thread; sleeps, deaf to signals, as long as an invalidation is between its start and its end.
 * Models: drivers/misc/sgi-gru/grufault.c. Leaves out: the translation.
 */
const gru_user_dropin = kfunc('gru_user_dropin', function* (gms: GruMmStruct) {
  for (;;) {
    yield* wait_event(gms.ms_wait_queue, function* () {
      return (yield* atomic_read(gms.ms_range_active)) === 0;
    });
    // gru_try_dropin(): it may have begun anew.
    if ((yield* atomic_read(gms.ms_range_active)) === 0) return 0;
  }
});

const gru_file_open = kfunc('gru_file_open', function* (_inode: Inode, file: FileStruct) {
  const mm = current().mm.value;
  if (mm === null) return -EINVAL;
  // The real one registers when the context is mapped, under this lock.
  yield* mmap_write_lock(mm);
  const mn = yield* mmu_notifier_get_locked(gru_mmuops, mm);
  yield* mmap_write_unlock(mm);
  if (typeof mn === 'number') return mn;
  file.private_data = gmsOf(mn);
  return 0;
});

const gru_file_unlocked_ioctl = kfunc(
  'gru_file_unlocked_ioctl',
  function* (file: FileStruct, cmd: string, _arg: unknown) {
    return cmd === 'GRU_USER_CALL_OS' ? yield* gru_user_dropin(file.private_data as GruMmStruct) : -ENOTTY;
  },
);

const gru_release = kfunc('gru_release', function* (file: FileStruct) {
  yield* mmu_notifier_put((file.private_data as GruMmStruct).ms_notifier);
});

const gru_fops: FileOperations = {
  open: gru_file_open,
  unlocked_ioctl: gru_file_unlocked_ioctl,
  release: gru_release,
};

kernelInit('sgi_gru', INIT.DEVICE, () => {
  if (kernel().tree.traits.withoutGru !== true) registerDevice('/dev/gru', gru_fops);
});

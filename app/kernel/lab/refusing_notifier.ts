import type { Body } from '../../sim/call.ts';
import type { Memory } from '../../sim/memory.ts';
import { registerDevice } from '../drivers/base/core.ts';
import { EAGAIN, EINVAL, ENOMEM } from '../include/errno.ts';
import type { FileStruct, Inode } from '../include/fs.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import {
  mmu_notifier_range_blockable,
  MmuIntervalNotifier,
  MmuNotifier,
  type MmuNotifierOps,
  type MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import { ULONG_MAX } from '../include/mm_types.ts';
import { current } from '../include/sched.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kfunc } from '../kfunc.ts';
import { spin_lock, Spinlock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { mmu_interval_notifier_insert, mmu_interval_notifier_remove } from '../mm/mmu_interval_notifier.ts';
import { mmu_notifier_register, mmu_notifier_unregister } from '../mm/mmu_notifier.ts';
import { kfree, kzalloc } from '../mm/slab.ts';
import { Struct } from '../struct.ts';

/**
 * Test-only subscribers that refuse ranges which must not block: /dev/lab_refuse_end has an end op all the same, which
 * the rules forbid; /dev/lab_refuse_interval refuses as an interval subscriber, as i915's userptr did. And one that never
 * refuses, and takes a spinlock: /dev/lab_spin.
 */

class LabSubscriber extends Struct {
  readonly notifier: MmuNotifier;
  readonly lock = new Spinlock('&lab->lock', this.memory);

  constructor(memory: Memory) {
    super(memory);
    this.notifier = new MmuNotifier(memory, 'notifier.', this);
  }
}

const lab_refuse_start = kfunc('lab_refuse_start', function* (_mn: MmuNotifier, range: MmuNotifierRange) {
  return mmu_notifier_range_blockable(range) ? 0 : -EAGAIN;
});

const lab_refuse_end = kfunc('lab_refuse_end', function* (_mn: MmuNotifier, _range: MmuNotifierRange) {});

const lab_ops: MmuNotifierOps = {
  invalidate_range_start: lab_refuse_start,
  invalidate_range_end: lab_refuse_end,
};

/** A driver like many: it never refuses, and its lists are under a spinlock. */
const lab_spin_start = kfunc('lab_spin_start', function* (mn: MmuNotifier, _range: MmuNotifierRange) {
  const { lock } = mn.container as LabSubscriber;
  yield* spin_lock(lock);
  yield* spin_unlock(lock);
  return 0;
});

const lab_spin_ops: MmuNotifierOps = { invalidate_range_start: lab_spin_start };

const lab_refuse_open = kfunc('lab_refuse_open', (_inode: Inode, file: FileStruct) =>
  subscribe(file, lab_ops),
);
const lab_spin_open = kfunc('lab_spin_open', (_inode: Inode, file: FileStruct) =>
  subscribe(file, lab_spin_ops),
);

function* subscribe(file: FileStruct, ops: MmuNotifierOps): Body<number> {
  const mm = current().mm.value;
  if (mm === null) return -EINVAL;
  const lab = yield* kzalloc(LabSubscriber, GFP_KERNEL, { label: 'lab_subscriber', size: 96 });
  if (lab === null) return -ENOMEM;
  yield* lab.notifier.ops.write(ops);
  const ret = yield* mmu_notifier_register(lab.notifier, mm);
  if (ret !== 0) yield* kfree(lab);
  else file.private_data = lab;
  return ret;
}

const lab_refuse_release = kfunc('lab_refuse_release', function* (file: FileStruct) {
  const lab = file.private_data as LabSubscriber;
  const mm = yield* lab.notifier.mm.read();
  if (mm !== null) yield* mmu_notifier_unregister(lab.notifier, mm);
  yield* kfree(lab);
});

const lab_interval_invalidate = kfunc(
  'lab_interval_invalidate',
  function* (_sub: MmuIntervalNotifier, range: MmuNotifierRange, _seq: number) {
    return mmu_notifier_range_blockable(range);
  },
);

const lab_interval_open = kfunc('lab_interval_open', function* (_inode: Inode, file: FileStruct) {
  const mm = current().mm.value;
  if (mm === null) return -EINVAL;
  const sub = yield* kzalloc(MmuIntervalNotifier, GFP_KERNEL, { label: 'lab_interval', size: 96 });
  if (sub === null) return -ENOMEM;
  const ops = { invalidate: lab_interval_invalidate };
  const ret = yield* mmu_interval_notifier_insert(sub, mm, 0, ULONG_MAX, ops);
  if (ret !== 0) yield* kfree(sub);
  else file.private_data = sub;
  return ret;
});

const lab_interval_release = kfunc('lab_interval_release', function* (file: FileStruct) {
  const sub = file.private_data as MmuIntervalNotifier;
  yield* mmu_interval_notifier_remove(sub);
  yield* kfree(sub);
});

kernelInit('refusing_notifier', INIT.DEVICE, () => {
  registerDevice('/dev/lab_refuse_end', { open: lab_refuse_open, release: lab_refuse_release });
  registerDevice('/dev/lab_spin', { open: lab_spin_open, release: lab_refuse_release });
  registerDevice('/dev/lab_refuse_interval', { open: lab_interval_open, release: lab_interval_release });
});

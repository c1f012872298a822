import type { Memory } from '../../../sim/memory.ts';
import { EAGAIN, EINVAL, ENOMEM } from '../../include/errno.ts';
import type { FileOperations, FileStruct, Inode } from '../../include/fs.ts';
import { GFP_KERNEL } from '../../include/gfp.ts';
import {
  mmu_notifier_range_blockable,
  MmuNotifier,
  type MmuNotifierOps,
  type MmuNotifierRange,
} from '../../include/mmu_notifier.ts';
import { current } from '../../include/sched.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { kfunc } from '../../kfunc.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../../kernel/locking/mutex.ts';
import { mmu_notifier_register, mmu_notifier_unregister } from '../../mm/mmu_notifier.ts';
import { kfree, kzalloc } from '../../mm/slab.ts';
import { Struct } from '../../struct.ts';
import { registerDevice } from '../base/core.ts';

// Nouveau's shared virtual memory: the one subscriber with a list entry that refuses ranges which must not block.

/** struct nouveau_svmm - the GPU's view of an mm. */
export class NouveauSvmm extends Struct {
  readonly notifier: MmuNotifier;
  readonly mutex: Mutex;

  constructor(memory: Memory) {
    super(memory);
    this.notifier = new MmuNotifier(memory, 'notifier.', this);
    this.mutex = new Mutex('&svmm->mutex', memory);
  }
}

/** Its work is done under a mutex: where nobody may sleep, it has to be asked again. */
const nouveau_svmm_invalidate_range_start = kfunc(
  'nouveau_svmm_invalidate_range_start',
  function* (mn: MmuNotifier, range: MmuNotifierRange) {
    if (!mmu_notifier_range_blockable(range)) return -EAGAIN;
    const svmm = mn.container as NouveauSvmm;
    yield* mutex_lock(svmm.mutex);
    yield* mutex_unlock(svmm.mutex);
    return 0;
  },
);

const nouveau_mn_ops: MmuNotifierOps = { invalidate_range_start: nouveau_svmm_invalidate_range_start };

const nouveau_svmm_init = kfunc('nouveau_svmm_init', function* (_inode: Inode, file: FileStruct) {
  const mm = current().mm.value;
  if (mm === null) return -EINVAL;
  const svmm = yield* kzalloc(NouveauSvmm, GFP_KERNEL, { label: 'nouveau_svmm', size: 232 });
  if (svmm === null) return -ENOMEM;
  yield* svmm.notifier.ops.write(nouveau_mn_ops);
  const ret = yield* mmu_notifier_register(svmm.notifier, mm);
  if (ret !== 0) yield* kfree(svmm);
  else file.private_data = svmm;
  return ret;
});

const nouveau_svmm_fini = kfunc('nouveau_svmm_fini', function* (file: FileStruct) {
  const svmm = file.private_data as NouveauSvmm;
  const mm = yield* svmm.notifier.mm.read();
  if (mm !== null) yield* mmu_notifier_unregister(svmm.notifier, mm);
  yield* kfree(svmm);
});

const nouveau_fops: FileOperations = { open: nouveau_svmm_init, release: nouveau_svmm_fini };

kernelInit('nouveau_svm', INIT.DEVICE, () => {
  registerDevice('/dev/nouveau', nouveau_fops);
});

import { EINVAL, EIO, ENOMEM } from '../../include/errno.ts';
import type { FileOperations, FileStruct } from '../../include/fs.ts';
import type { Kvm, KvmUserspaceMemoryRegion } from '../../include/kvm_host.ts';
import { ListHead, list_add, list_del } from '../../include/list.ts';
import { refcount_dec_and_test, refcount_inc, refcount_inc_not_zero } from '../../include/refcount.ts';
import { current } from '../../include/sched.ts';
import { kvm_arch_alloc_vm, kvm_arch_destroy_vm, kvm_arch_free_vm } from '../../arch/x86/kvm/x86.ts';
import { anon_inode_getfile } from '../../fs/anon_inodes.ts';
import { fd_install, get_unused_fd_flags, put_unused_fd } from '../../fs/file.ts';
import { O_CLOEXEC } from '../../include/fs.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { mmdrop, mmgrab } from '../../kernel/fork.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../../kernel/locking/mutex.ts';
import { Spinlock } from '../../kernel/locking/spinlock.ts';
import { WARN_ON, WARN_ON_ONCE } from '../../kernel/panic.ts';
import { cleanup_srcu_struct } from '../../kernel/rcu/srcutree.ts';
import { rcuwait_active } from '../../kernel/rcuwait.ts';
import { kernelGlobal } from '../../globals.ts';
import { kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { registerDevice } from '../../drivers/base/core.ts';
import { mmu_notifier_unregister } from '../../mm/mmu_notifier.ts';
import { kvm_init_mmu_notifier } from './kvm_mmu_notifier.ts';
import { kvm_free_memslots, kvm_set_memory_region } from './memslots.ts';
import { kvm_vm_ioctl_create_vcpu } from './vcpu.ts';

/** Guards vm_list. */
export const kvm_lock = kernelGlobal('kvm_lock', () => new Mutex('kvm_lock'));
export const vm_list = kernelGlobal('vm_list', () => new ListHead<Kvm>('vm_list'));

/**
 * kvm_create_vm() - a VM of the current process.
 *
 * Context: sleeps. Takes mm_count twice: for kvm->mm and for the notifier.
 * Return: the VM with one user, or a negative error.
 * Models: virt/kvm/kvm_main.c. Leaves out: interrupt routing, buses, statistics, hardware enabling.
 */
export const kvm_create_vm = kfunc('kvm_create_vm', function* () {
  const kvm = yield* kvm_arch_alloc_vm();
  if (kvm === null) return -ENOMEM;
  const mm = yield* current().mm.read();
  if (mm === null) {
    yield* kvm_arch_free_vm(kvm);
    return -EINVAL;
  }
  yield* mmgrab(mm);
  kvm.mm = mm;
  yield* init_mn_invalidate_lock(kvm);
  kvm.stats_id = `kvm-${current().pid}`;

  const r = yield* kvm_init_mmu_notifier(kvm);
  if (r !== 0) {
    yield* kvm_arch_destroy_vm(kvm);
    WARN_ON_ONCE(!(yield* refcount_dec_and_test(kvm.users_count)), 'virt/kvm/kvm_main.c:1273');
    yield* cleanup_srcu_struct(kvm.irq_srcu);
    yield* cleanup_srcu_struct(kvm.srcu);
    yield* kvm_arch_free_vm(kvm);
    yield* mmdrop(mm);
    return r;
  }

  yield* mutex_lock(kvm_lock());
  yield* list_add(kvm.vm_list, vm_list());
  yield* mutex_unlock(kvm_lock());
  return kvm;
});

/** spin_lock_init(&kvm->mn_invalidate_lock) */
export const init_mn_invalidate_lock = kfunc(
  'init_mn_invalidate_lock',
  function* (kvm: Kvm) {
    kvm.mn_invalidate_lock = new Spinlock('&kvm->mn_invalidate_lock', kvm.memory);
  },
  { inlined: true },
);

/**
 * No notifier runs any more. One that was removed between a start and its end left the count raised; freeing memslots
 * would wait for it for ever. If the count is even, nothing may be in progress either.
 */
export const kvm_settle_invalidations = kfunc(
  'kvm_settle_invalidations',
  function* (kvm: Kvm) {
    WARN_ON(yield* rcuwait_active(kvm.mn_memslots_update_rcuwait), 'virt/kvm/kvm_main.c:1345');
    if ((yield* kvm.mn_active_invalidate_count.read()) !== 0) yield* kvm.mn_active_invalidate_count.write(0);
    else WARN_ON((yield* kvm.mmu_invalidate_in_progress.read()) !== 0, 'virt/kvm/kvm_main.c:1349');
  },
  { inlined: true },
);

/**
 * kvm_destroy_vm() - the last user is gone.
 *
 * Context: whoever put last, usually task work of a closing descriptor, in any process. Sleeps.
 */
export const kvm_destroy_vm = kfunc(
  'kvm_destroy_vm',
  function* (kvm: Kvm) {
    const { mm } = kvm;
    yield* mutex_lock(kvm_lock());
    yield* list_del(kvm.vm_list);
    yield* mutex_unlock(kvm_lock());

    yield* kvm_leave_mmu_notifier(kvm);
    kernel().hooks.emit('kvmDestroyed', kvm);
    yield* kvm_settle_invalidations(kvm);

    yield* kvm_arch_destroy_vm(kvm);
    for (const slots of kvm.__memslots) yield* kvm_free_memslots(slots);
    yield* cleanup_srcu_struct(kvm.irq_srcu);
    yield* cleanup_srcu_struct(kvm.srcu);
    yield* kvm_arch_free_vm(kvm);
    yield* mmdrop(mm);
  },
  { inlined: true },
);

/** The line of kvm_destroy_vm() by which the VM stops listening to its address space. */
export const kvm_leave_mmu_notifier = kfunc(
  'kvm_leave_mmu_notifier',
  function* (kvm: Kvm) {
    yield* mmu_notifier_unregister(kvm.mmu_notifier, kvm.mm);
  },
  { inlined: true },
);

export const kvm_get_kvm = kfunc('kvm_get_kvm', function* (kvm: Kvm) {
  yield* refcount_inc(kvm.users_count);
});

/** kvm_get_kvm_safe() - false if the VM is being destroyed. */
export const kvm_get_kvm_safe = kfunc('kvm_get_kvm_safe', function* (kvm: Kvm) {
  return yield* refcount_inc_not_zero(kvm.users_count);
});

export const kvm_put_kvm = kfunc('kvm_put_kvm', function* (kvm: Kvm) {
  if (yield* refcount_dec_and_test(kvm.users_count)) yield* kvm_destroy_vm(kvm);
});

/** kvm_put_kvm_no_destroy() - for a reference that cannot be the last. */
export const kvm_put_kvm_no_destroy = kfunc('kvm_put_kvm_no_destroy', function* (kvm: Kvm) {
  WARN_ON(yield* refcount_dec_and_test(kvm.users_count), 'virt/kvm/kvm_main.c:1402');
});

/** kvm_vm_ioctl() - -EIO for a dead VM or another process than the VM's. */
export const kvm_vm_ioctl = kfunc('kvm_vm_ioctl', function* (file: FileStruct, cmd: string, arg: unknown) {
  const kvm = file.private_data as Kvm;
  if (kvm.mm !== (yield* current().mm.read()) || (yield* kvm.vm_dead.read())) return -EIO;
  switch (cmd) {
    case 'KVM_CREATE_VCPU':
      return yield* kvm_vm_ioctl_create_vcpu(kvm, (arg as { id: number }).id);
    case 'KVM_SET_USER_MEMORY_REGION':
      return yield* kvm_set_memory_region(kvm, arg as KvmUserspaceMemoryRegion);
    default:
      return -EINVAL;
  }
});

export const kvm_vm_release = kfunc('kvm_vm_release', function* (file: FileStruct) {
  yield* kvm_put_kvm(file.private_data as Kvm);
  return 0;
});

export const kvm_vm_fops: FileOperations = { unlocked_ioctl: kvm_vm_ioctl, release: kvm_vm_release };

/** kvm_dev_ioctl_create_vm() - a VM and its descriptor. Return: the descriptor or a negative error. */
export const kvm_dev_ioctl_create_vm = kfunc('kvm_dev_ioctl_create_vm', function* () {
  const fd = yield* get_unused_fd_flags(O_CLOEXEC);
  if (fd < 0) return fd;
  const kvm = yield* kvm_create_vm();
  if (typeof kvm === 'number') {
    yield* put_unused_fd(fd);
    return kvm;
  }
  const file = yield* anon_inode_getfile('kvm-vm', kvm_vm_fops, kvm);
  if (typeof file === 'number') {
    yield* kvm_put_kvm(kvm);
    yield* put_unused_fd(fd);
    return file;
  }
  yield* fd_install(fd, file);
  return fd;
});

export const kvm_dev_ioctl = kfunc('kvm_dev_ioctl', function* (_file: FileStruct, cmd: string) {
  return cmd === 'KVM_CREATE_VM' ? yield* kvm_dev_ioctl_create_vm() : -EINVAL;
});

export const kvm_chardev_ops: FileOperations = { unlocked_ioctl: kvm_dev_ioctl };

kernelInit('kvm_init', INIT.DEVICE, () => {
  if (!kernel().config.KVM) return;
  registerDevice('/dev/kvm', kvm_chardev_ops);
});

import { atomic_inc, atomic_set } from '../../include/atomic.ts';
import { EEXIST, EINTR, EINVAL, EIO, ENOMEM } from '../../include/errno.ts';
import type { FileOperations, FileStruct } from '../../include/fs.ts';
import { GFP_KERNEL_ACCOUNT } from '../../include/gfp.ts';
import { KvmVcpu, type GuestCode, type Kvm } from '../../include/kvm_host.ts';
import { current } from '../../include/sched.ts';
import { kvm_arch_vcpu_ioctl_run } from '../../arch/x86/kvm/x86.ts';
import { anon_inode_getfd } from '../../fs/anon_inodes.ts';
import { mutex_lock, mutex_lock_killable, mutex_unlock } from '../../kernel/locking/mutex.ts';
import { kernelGlobal } from '../../globals.ts';
import { rcu_assign_pointer, rcu_dereference } from '../../include/rwonce.ts';
import { kfunc } from '../../kfunc.ts';
import { alloc_page, __free_pages } from '../../mm/page_alloc.ts';
import { kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from '../../mm/slab.ts';
import { kvm_get_kvm, kvm_put_kvm, kvm_put_kvm_no_destroy } from './kvm_main.ts';

// The part of virt/kvm/kvm_main.c that makes vCPUs and runs them.

const kvm_vcpu_cache = kernelGlobal('kvm_vcpu_cache', () => kmem_cache_create('kvm_vcpu', 0x2c00));

/** kvm_vm_ioctl_create_vcpu() - a vCPU and its descriptor, which holds a reference to the VM. */
export const kvm_vm_ioctl_create_vcpu = kfunc('kvm_vm_ioctl_create_vcpu', function* (kvm: Kvm, id: number) {
  const vcpu = yield* kmem_cache_alloc(kvm_vcpu_cache(), KvmVcpu, GFP_KERNEL_ACCOUNT, 'kvm_vcpu');
  if (vcpu === null) return -ENOMEM;
  vcpu.run = yield* alloc_page(GFP_KERNEL_ACCOUNT, 'kvm_run');
  if (vcpu.run === null) {
    yield* kmem_cache_free(kvm_vcpu_cache(), vcpu);
    return -ENOMEM;
  }
  vcpu.kvm = kvm;
  vcpu.vcpu_id = id;

  yield* mutex_lock(kvm.lock);
  const others = yield* rcu_dereference(kvm.vcpu_array);
  let r = others.some((other) => other.vcpu_id === id) ? -EEXIST : 0;
  if (r === 0) {
    // Once the descriptor is there, user space can close it.
    yield* kvm_get_kvm(kvm);
    r = yield* anon_inode_getfd(`kvm-vcpu:${id}`, kvm_vcpu_fops, vcpu);
    if (r < 0) yield* kvm_put_kvm_no_destroy(kvm);
  }
  if (r < 0) {
    yield* mutex_unlock(kvm.lock);
    yield* kvm_vcpu_free(vcpu);
    return r;
  }
  yield* rcu_assign_pointer(kvm.vcpu_array, [...others, vcpu]);
  yield* atomic_inc(kvm.online_vcpus);
  yield* mutex_unlock(kvm.lock);
  return r;
});

const kvm_vcpu_free = kfunc(
  'kvm_vcpu_free',
  function* (vcpu: KvmVcpu) {
    if (vcpu.run !== null) yield* __free_pages(vcpu.run, 0);
    yield* kmem_cache_free(kvm_vcpu_cache(), vcpu);
  },
  { inlined: true },
);

export const kvm_vcpu_destroy = kfunc('kvm_vcpu_destroy', function* (vcpu: KvmVcpu) {
  yield* kvm_vcpu_free(vcpu);
});

/** kvm_destroy_vcpus() - at the end of the VM: descriptors are gone, nobody runs one. */
export const kvm_destroy_vcpus = kfunc('kvm_destroy_vcpus', function* (kvm: Kvm) {
  for (const vcpu of yield* rcu_dereference(kvm.vcpu_array)) yield* kvm_vcpu_destroy(vcpu);
  yield* rcu_assign_pointer(kvm.vcpu_array, []);
  yield* atomic_set(kvm.online_vcpus, 0);
});

/**
 * kvm_vcpu_ioctl() - KVM_RUN with the guest's code.
 *
 * Return: 0 with `vcpu.exit_reason`, -EIO for a dead VM or another process than the VM's, -EINTR for a signal.
 */
export const kvm_vcpu_ioctl = kfunc(
  'kvm_vcpu_ioctl',
  function* (file: FileStruct, cmd: string, arg: unknown) {
    const vcpu = file.private_data as KvmVcpu;
    const { kvm } = vcpu;
    if (kvm.mm !== (yield* current().mm.read()) || (yield* kvm.vm_dead.read())) return -EIO;
    if ((yield* mutex_lock_killable(vcpu.mutex)) !== 0) return -EINTR;
    let r = -EINVAL;
    if (cmd === 'KVM_RUN') {
      if (arg !== undefined && arg !== null) setGuestCode(vcpu, arg as GuestCode);
      r = yield* kvm_arch_vcpu_ioctl_run(vcpu);
    }
    yield* mutex_unlock(vcpu.mutex);
    return r;
  },
  { leaves: (file) => (file.private_data as KvmVcpu).plainFields },
);

export const kvm_vcpu_release = kfunc('kvm_vcpu_release', function* (file: FileStruct) {
  yield* kvm_put_kvm((file.private_data as KvmVcpu).kvm);
  return 0;
});

export const kvm_vcpu_fops: FileOperations = { unlocked_ioctl: kvm_vcpu_ioctl, release: kvm_vcpu_release };

/** The same code again goes on where it was: KVM_RUN after a signal. */
function setGuestCode(vcpu: KvmVcpu, code: GuestCode): void {
  if (vcpu.guest === code) return;
  vcpu.guest = code;
  vcpu.guestAt = 0;
  vcpu.guestRounds = 0;
}

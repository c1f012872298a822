import type { Body } from '../../../sim/call.ts';
import { config } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import {
  fixedDirectory,
  mountPseudo,
  shownBy,
  type Entries,
  type PseudoDirectory,
  type PseudoFile,
} from '../../fs/pseudo.ts';
import type { Kvm } from '../../include/kvm_host.ts';
import { list_first, list_next } from '../../include/list.ts';
import { init_task_tasks } from '../../kernel/pid.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/locking/mutex.ts';
import { kvm_lock, vm_list } from './kvm_main.ts';

// /sys/kernel/debug/kvm: a directory for each VM, and the sums over all. Only what the model has is there: guests are
// not counted exits and interrupts. Models: the debugfs side of virt/kvm/kvm_main.c.

/** All VMs, under kvm_lock. */
function* allVms(): Body<readonly Kvm[]> {
  const all: Kvm[] = [];
  yield* mutex_lock(kvm_lock());
  for (let kvm = yield* list_first(vm_list()); kvm !== null; kvm = yield* list_next(kvm.vm_list, vm_list())) {
    all.push(kvm);
  }
  yield* mutex_unlock(kvm_lock());
  return all;
}

/** `65-4`: the pid of the creator and the number of its descriptor (a snapshot of its table). */
function nameOf(kvm: Kvm): string {
  const pid = Number(kvm.stats_id.slice('kvm-'.length));
  const owner = init_task_tasks().value.find((task) => task.pid === pid);
  const fd = owner?.files?.fd.findIndex((slot) => slot.value?.private_data === kvm) ?? -1;
  return `${pid}-${fd < 0 ? 'x' : fd}`;
}

const STATS: Readonly<Record<string, (kvm: Kvm) => number>> = {
  max_mmu_page_hash_collisions: () => 0,
  nx_lpage_splits: () => 0,
  pages_1g: () => 0,
  pages_2m: () => 0,
  pages_4k: (kvm) => [...kvm.arch.sptes.values()].filter(({ value }) => value !== null).length,
};

const kvm_stat_data_get = kfunc('kvm_stat_data_get', function* (kvm: Kvm, name: string) {
  return `${STATS[name](kvm)}\n`;
});

const vm_stat_get = kfunc('vm_stat_get', function* (name: string) {
  const all = yield* allVms();
  return `${all.reduce((sum, kvm) => sum + STATS[name](kvm), 0)}\n`;
});

const vcpu_get_pid = kfunc('vcpu_get_pid', function* (kvm: Kvm) {
  return `${kvm.stats_id.slice('kvm-'.length)}\n`;
});

const stats = (file: (name: string) => PseudoFile): Entries =>
  Object.fromEntries(Object.keys(STATS).map((name) => [name, file(name)]));

function vmDirectory(kvm: Kvm): PseudoDirectory {
  const vcpus = kvm.vcpu_array.value.map(
    ({ vcpu_id }) => [`vcpu${vcpu_id}`, fixedDirectory({ pid: shownBy(() => vcpu_get_pid(kvm)) })] as const,
  );
  return fixedDirectory({
    ...stats((name) => shownBy(() => kvm_stat_data_get(kvm, name))),
    ...Object.fromEntries(vcpus),
  });
}

const sums = fixedDirectory(stats((name) => shownBy(() => vm_stat_get(name))));

const vms: PseudoDirectory = {
  kind: 'directory',
  *lookup(name) {
    const sum = yield* sums.lookup(name);
    if (sum !== null) return sum;
    const kvm = (yield* allVms()).find((one) => nameOf(one) === name);
    return kvm === undefined ? null : vmDirectory(kvm);
  },
  *names() {
    return [...(yield* sums.names()), ...(yield* allVms()).map(nameOf)];
  },
};

mountPseudo('/sys/kernel/debug', {
  kind: 'directory',
  *lookup(name) {
    return config().KVM && name === 'kvm' ? vms : null;
  },
  *names() {
    return config().KVM ? ['kvm'] : [];
  },
});

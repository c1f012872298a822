/**
 * The parts of the kernel that start something at boot: loading them registers their init functions
 * (`kernelInit`). Each owner adds its line.
 */
import '../kernel/softirq.ts';
import '../kernel/workqueue.ts';
import '../kernel/rcu/tree.ts';
import '../virt/kvm/kvm_main.ts';
import '../lab/kvm_mn_state.ts';
import '../mm/oom_reaper.ts';
import '../drivers/gpu/nouveau_svm.ts';
import '../drivers/misc/sgi_gru.ts';
import '../drivers/tty/console.ts';
import '../kernel/kmsg.ts';
import '../drivers/tty/sysrq.ts';
import '../fs/proc/base.ts';
import '../kernel/cgroup/cgroup.ts';
import '../fs/sysfs.ts';
import '../kernel/trace/tracefs.ts';
import '../lib/fault-inject.ts';
import '../virt/kvm/debugfs.ts';
import '../lab/holds.ts';
import '../lab/mapping.ts';
import '../lab/oom_reap_task.ts';
import '../lab/refusing_notifier.ts';
import '../lab/oom_victims.ts';
import '../lab/uprobes.ts';
import '../lab/walkers.ts';
import '../mm/shmem.ts';
import '../mm/swapfile.ts';

import { machineInForce } from '../../../sim/machine-in-force.ts';
import { binaryText } from '../../../base/byte-text.ts';
import { gzipStored } from '../../../base/gzip.ts';
import { config, kernel } from '../../kernel.ts';
import { isInlined, kallsyms } from '../../kfunc.ts';
import { addressOfSymbol } from '../../kernel/kallsyms.ts';
import { ls_show_text } from '../../kernel/locking/lockdep_proc.ts';
import { init_task_tasks } from '../../kernel/pid.ts';
import { rcu_dereference } from '../../include/rwonce.ts';
import { PF_KTHREAD } from '../../include/sched.ts';
import { fixedDirectory, joined, mountPseudo, shown, type PseudoDirectory } from '../pseudo.ts';
import { BOOT_SECONDS, commandLine, configText, linuxBanner } from './banner.ts';
import { clockTicks } from './array.ts';
import { lockdepDirectory } from './lockdep.ts';
import { memoryFiles } from './memory.ts';
import { sysctlDirectory } from './proc_sysctl.ts';
import { allTasks, stateOf } from './tasks.ts';

const centiseconds = (ns: number): string => {
  const hundredths = Math.floor(ns / 10_000_000);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`;
};

/** File systems that can be mounted, those without a device marked `nodev`. */
const FILE_SYSTEMS = [
  ...['sysfs', 'tmpfs', 'proc', 'cgroup2', 'devtmpfs', 'debugfs', 'tracefs', 'pipefs', 'virtiofs'],
];

/** As virtme-ng's init mounts them. */
export const MOUNT_TABLE: readonly (readonly [device: string, at: string, type: string, options: string])[] =
  [
    ['ROOTFS', '/', 'virtiofs', 'ro,relatime'],
    ['proc', '/proc', 'proc', 'rw,nosuid,nodev,noexec,relatime'],
    ['sys', '/sys', 'sysfs', 'rw,nosuid,nodev,noexec,relatime'],
    ['devtmpfs', '/dev', 'devtmpfs', 'rw,nosuid,noexec,relatime,mode=755'],
    ['debugfs', '/sys/kernel/debug', 'debugfs', 'rw,nosuid,nodev,noexec,relatime'],
    ['tracefs', '/sys/kernel/tracing', 'tracefs', 'rw,nosuid,nodev,noexec,relatime'],
    ['cgroup2', '/sys/fs/cgroup', 'cgroup2', 'rw,nosuid,nodev,noexec,relatime'],
    ...['/run', '/tmp', '/dev/shm', '/root', '/mnt', '/home', '/opt', '/srv', '/var', '/etc', '/usr'].map(
      (at) => ['tmpfs', at, 'tmpfs', 'rw,relatime'] as const,
    ),
  ];

const stat = shown('show_stat', function* () {
  const tasks = yield* allTasks();
  const { cpus } = kernel();
  const uptime = clockTicks(machineInForce().now);
  // Nobody keeps account of who used the CPUs: all the time that went by shows as idle.
  const cpu = (name: string, idle: number): string => `${name} 0 0 0 ${idle} 0 0 0 0 0 0\n`;
  const states = tasks.map((task) => stateOf(task)[0]);
  const switches = tasks.reduce((sum, task) => sum + task.switch_count, 0);
  return [
    cpu('cpu ', uptime * cpus),
    ...Array.from({ length: cpus }, (_, i) => cpu(`cpu${i}`, uptime)),
    'intr 0\n',
    `ctxt ${switches}\nbtime ${BOOT_SECONDS}\nprocesses ${tasks.at(-1)?.pid ?? 0}\n`,
    `procs_running ${Math.max(1, states.filter((letter) => letter === 'R').length)}\n`,
    `procs_blocked ${states.filter((letter) => letter === 'D').length}\n`,
    `softirq 0${' 0'.repeat(10)}\n`,
  ].join('');
});

const loadavg = shown('loadavg_proc_show', function* () {
  const tasks = yield* allTasks();
  const active = tasks.filter((task) => 'RD'.includes(stateOf(task)[0])).length;
  const load = `${active}.00`;
  let threads = 0;
  for (const task of yield* rcu_dereference(init_task_tasks())) {
    threads += (yield* rcu_dereference(task.signal.thread_head)).length;
  }
  const last = Math.max(0, ...tasks.map(({ pid }) => pid));
  const running = Math.max(1, tasks.filter((task) => stateOf(task)[0] === 'R').length);
  const processes = tasks.filter(({ flags }) => (flags & PF_KTHREAD) === 0).length;
  return `${load} ${load} ${load} ${running}/${tasks.length - processes + threads} ${last}\n`;
});

const cpuinfo = shown('show_cpuinfo', function* () {
  const { cpus } = kernel();
  return Array.from({ length: cpus }, (_, i) => cpuText(i, cpus)).join('');
});

function cpuText(index: number, cpus: number): string {
  const rows: readonly (readonly [string, string])[] = [
    ['processor\t', String(index)],
    ['vendor_id\t', 'AuthenticAMD'],
    ['cpu family\t', '25'],
    ['model\t\t', '1'],
    ['model name\t', 'QEMU TCG CPU version 2.5+'],
    ['stepping\t', '1'],
    ['cpu MHz\t\t', '2400.000'],
    ['cache size\t', '512 KB'],
    ['physical id\t', '0'],
    ['siblings\t', String(cpus)],
    ['core id\t\t', String(index)],
    ['cpu cores\t', String(cpus)],
    ['fpu\t\t', 'yes'],
    ['cpuid level\t', '13'],
    ['flags\t\t', 'fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat svm hypervisor npt la57'],
    ['bogomips\t', '4800.00'],
    ['clflush size\t', '64'],
    ['address sizes\t', '52 bits physical, 57 bits virtual'],
  ];
  return `${rows.map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n`;
}

const procDirectory = fixedDirectory({
  cmdline: shown('cmdline_proc_show', function* () {
    return `${commandLine()}\n`;
  }),
  'config.gz': shown('ikconfig_read_current', function* () {
    return binaryText(gzipStored(configText()));
  }),
  cpuinfo,
  filesystems: shown('filesystems_proc_show', function* () {
    return FILE_SYSTEMS.map((name) => `nodev\t${name}\n`).join('');
  }),
  kallsyms: shown('s_show', function* () {
    return kallsyms()
      .filter((symbol) => !isInlined(symbol))
      .map(({ name }) => `${addressOfSymbol(name)} T ${name}\n`)
      .join('');
  }),
  loadavg,
  ...memoryFiles(),
  modules: shown('m_show', function* () {
    return '';
  }),
  mounts: shown('show_vfsmnt', function* () {
    return MOUNT_TABLE.map((row) => `${row.join(' ')} 0 0\n`).join('');
  }),
  stat,
  sys: sysctlDirectory,
  uptime: shown('uptime_proc_show', function* () {
    const { now } = machineInForce();
    return `${centiseconds(now)} ${centiseconds(now * kernel().cpus)}\n`;
  }),
  version: shown('version_proc_show', function* () {
    return `${linuxBanner()}\n`;
  }),
});

/** A directory that is there only in kernels built with an option. */
function builtWith(built: () => boolean, directory: PseudoDirectory): PseudoDirectory {
  return {
    kind: 'directory',
    *lookup(name) {
      return built() ? yield* directory.lookup(name) : null;
    },
    *names() {
      return built() ? yield* directory.names() : [];
    },
  };
}

const lockStatDirectory = fixedDirectory({
  lock_stat: shown('ls_show', function* () {
    return ls_show_text();
  }),
});

mountPseudo(
  '/proc',
  joined(
    procDirectory,
    builtWith(() => config().PROVE_LOCKING, lockdepDirectory),
    builtWith(() => config().LOCK_STAT, lockStatDirectory),
  ),
);

import type { Body } from '../../../sim/call.ts';
import { K } from '../../include/mm.ts';
import {
  MM_ANONPAGES,
  MM_FILEPAGES,
  MM_SHMEMPAGES,
  MM_SWAPENTS,
  PAGE_SIZE,
  type MmStruct,
} from '../../include/mm_types.ts';
import { rcu_dereference } from '../../include/rwonce.ts';
import { PF_KTHREAD, type TaskStruct } from '../../include/sched.ts';
import { kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { get_task_mm, mmput } from '../../kernel/fork.ts';
import { priorityOf, stateOf, waitChannel } from './tasks.ts';

/** What the memory of a process comes to, in pages. */
export interface TaskMemory {
  readonly total: number;
  readonly anon: number;
  readonly file: number;
  readonly shmem: number;
  readonly swap: number;
  readonly locked: number;
  readonly tableBytes: number;
}

/** The counters of an address space. Context: the caller is a user of it. */
export function* memoryOf(mm: MmStruct): Body<TaskMemory> {
  return {
    total: yield* mm.total_vm.read(),
    anon: Math.max(0, yield* mm.rss_stat[MM_ANONPAGES].read()),
    file: Math.max(0, yield* mm.rss_stat[MM_FILEPAGES].read()),
    shmem: Math.max(0, yield* mm.rss_stat[MM_SHMEMPAGES].read()),
    swap: Math.max(0, yield* mm.rss_stat[MM_SWAPENTS].read()),
    locked: yield* mm.locked_vm.read(),
    tableBytes: yield* mm.pgtables_bytes.read(),
  };
}

/** The memory of a task, if it has any (still). The reader may be the last user, and takes it down then. */
export function* taskMemory(task: TaskStruct): Body<TaskMemory | null> {
  if ((task.flags & PF_KTHREAD) !== 0) return null;
  const mm = yield* get_task_mm(task);
  if (mm === null) return null;
  const memory = yield* memoryOf(mm);
  yield* mmput(mm);
  return memory;
}

const mask = (bits: number): string => (bits >>> 0).toString(16).padStart(16, '0');
const set = (signals: ReadonlySet<number>): number =>
  [...signals].reduce((bits, signal) => bits | (1 << (signal - 1)), 0);

/**
 * proc_pid_status() - the lines of status, in the kernel's order.
 *
 * Leaves out: peaks (VmPeak and VmHWM show what is now), credentials other than root's, and CPU features.
 */
export const proc_pid_status = kfunc('proc_pid_status', function* (task: TaskStruct) {
  const [letter, word] = stateOf(task);
  const memory = yield* taskMemory(task);
  const pending = yield* task.pending.read();
  const shared = yield* task.signal.shared_pending.read();
  const threads = (yield* rcu_dereference(task.signal.thread_head)).length;
  const kthread = (task.flags & PF_KTHREAD) !== 0;
  const { cpus } = kernel();
  const allowed = task.bound_cpu === null ? (1 << cpus) - 1 : 1 << task.bound_cpu;
  const list = task.bound_cpu ?? (cpus === 1 ? 0 : `0-${cpus - 1}`);
  const lines = [
    `Name:\t${task.comm}`,
    'Umask:\t0022',
    `State:\t${letter} (${word})`,
    ...[`Tgid:\t${task.tgid}`, 'Ngid:\t0', `Pid:\t${task.pid}`, `PPid:\t${task.ppid}`, 'TracerPid:\t0'],
    ...['Uid:\t0\t0\t0\t0', 'Gid:\t0\t0\t0\t0'],
    `FDSize:\t${task.files === null ? 0 : 64}`,
    'Groups:\t0 ',
    ...[`NStgid:\t${task.tgid}`, `NSpid:\t${task.pid}`, `NSpgid:\t${task.tgid}`, `NSsid:\t${task.tgid}`],
    `Kthread:\t${kthread ? 1 : 0}`,
    ...(memory === null ? [] : memoryLines(memory)),
    ...[`Threads:\t${Math.max(1, threads)}`, 'SigQ:\t0/7782'],
    ...[`SigPnd:\t${mask(pending)}`, `ShdPnd:\t${mask(shared)}`, `SigBlk:\t${mask(0)}`],
    ...[`SigIgn:\t${mask(set(task.signal.ignored))}`, `SigCgt:\t${mask(set(task.signal.handled))}`],
    ...['CapInh:\t0000000000000000', 'CapPrm:\t000001ffffffffff', 'CapEff:\t000001ffffffffff'],
    ...['CapBnd:\t000001ffffffffff', 'CapAmb:\t0000000000000000', 'NoNewPrivs:\t0', 'Seccomp:\t0'],
    `Cpus_allowed:\t${allowed.toString(16)}`,
    `Cpus_allowed_list:\t${list}`,
    `voluntary_ctxt_switches:\t${task.switch_count}`,
    'nonvoluntary_ctxt_switches:\t0',
  ];
  return `${lines.join('\n')}\n`;
});

function memoryLines(memory: TaskMemory): string[] {
  const { total, anon, file, shmem, swap, locked, tableBytes } = memory;
  const rss = anon + file + shmem;
  const row = (name: string, kB: number): string => `${name}:\t${String(kB).padStart(8)} kB`;
  return [
    ...[row('VmPeak', K(total)), row('VmSize', K(total)), row('VmLck', K(locked)), row('VmPin', 0)],
    ...[row('VmHWM', K(rss)), row('VmRSS', K(rss)), row('RssAnon', K(anon)), row('RssFile', K(file))],
    ...[row('RssShmem', K(shmem)), row('VmData', K(Math.max(0, total - TEXT_PAGES)))],
    ...[row('VmStk', K(STACK_PAGES)), row('VmExe', K(TEXT_PAGES)), row('VmLib', 0)],
    ...[row('VmPTE', Math.floor(tableBytes / 1024)), row('VmSwap', K(swap)), row('HugetlbPages', 0)],
  ];
}

/** Of the small static programs that the model has (mm/process-image.ts). */
const TEXT_PAGES = 0x79;
const STACK_PAGES = 33;

/** Ticks of user space (USER_HZ), in which /proc gives times. */
export const clockTicks = (ns: number): number => Math.floor(ns / 10_000_000);

/** proc_tgid_stat() - the 52 numbers of stat. CPU times are not accounted for and are 0. */
export const proc_tgid_stat = kfunc('proc_tgid_stat', function* (task: TaskStruct) {
  const memory = yield* taskMemory(task);
  const threads = (yield* rcu_dereference(task.signal.thread_head)).length;
  const pending = yield* task.pending.read();
  const rss = memory === null ? 0 : memory.anon + memory.file + memory.shmem;
  const realTime = Math.max(0, task.thread.standing.priority);
  const cpu = task.thread.cpu % kernel().cpus;
  const fields = [
    ...[
      task.pid,
      `(${task.comm})`,
      stateOf(task)[0],
      task.ppid,
      task.tgid,
      task.tgid,
      0,
      -1,
      task.flags >>> 0,
    ],
    ...[0, 0, 0, 0, 0, 0, 0, 0, priorityOf(task) - 100, 0, Math.max(1, threads), 0],
    ...[clockTicks(task.start_time), (memory?.total ?? 0) * PAGE_SIZE, rss, '18446744073709551615'],
    ...(memory === null ? [0, 0, 0] : [1, 1, 0]),
    ...[0, 0, pending & 0x7fffffff, 0, set(task.signal.ignored), set(task.signal.handled)],
    ...[waitChannel(task) === '' ? 0 : 1, 0, 0, 17, cpu, realTime, realTime > 0 ? 1 : 0, 0, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 0, task.exit_code],
  ];
  return `${fields.join(' ')}\n`;
});

export const proc_pid_statm = kfunc('proc_pid_statm', function* (task: TaskStruct) {
  const memory = yield* taskMemory(task);
  if (memory === null) return '0 0 0 0 0 0 0\n';
  const { total, anon, file, shmem } = memory;
  const data = Math.max(0, total - TEXT_PAGES);
  return `${[total, anon + file + shmem, file + shmem, TEXT_PAGES, 0, data, 0].join(' ')}\n`;
});

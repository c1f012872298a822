import type { Call } from '../../../sim/call.ts';
import { EINVAL, ESRCH } from '../../include/errno.ts';
import type { FileOperations, FileStruct, Inode, InodeOperations } from '../../include/fs.ts';
import { K } from '../../include/mm.ts';
import {
  current,
  EXIT_ZOMBIE,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  type TaskStruct,
} from '../../include/sched.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { kfunc } from '../../kfunc.ts';
import { find_task_by_vpid, init_task_tasks } from '../../kernel/pid.ts';
import { rcu_read_lock, rcu_read_unlock } from '../../kernel/rcu/tree.ts';
import { blocked_frames, task_state } from '../../kernel/sched/core.ts';
import { set_sysctl, sysctl } from '../../kernel/sysctl.ts';
import { formatEntry, stackOf } from '../../stack.ts';
import { dcache } from '../dcache.ts';
import { kstrtoint } from '../debugfs/file.ts';
import { singleFile } from '../seq_file.ts';

/** A file of /proc/<pid>. */
interface PidFile {
  readonly name: string;
  readonly show?: (task: TaskStruct) => Call<string>;
  readonly write?: (task: TaskStruct, data: string) => Call<number>;
}

/** The letter and the word of a task's state, as ps and /proc show it. */
export function stateOf(task: TaskStruct): readonly [letter: string, word: string] {
  if ((task.exit_state.value & EXIT_ZOMBIE) !== 0) return ['Z', 'zombie'];
  const state = task_state(task);
  if ((state & TASK_INTERRUPTIBLE) !== 0) return ['S', 'sleeping'];
  if ((state & TASK_UNINTERRUPTIBLE) !== 0) return ['D', 'disk sleep'];
  return ['R', 'running'];
}

const mask = (bits: number): string => (bits >>> 0).toString(16).padStart(16, '0');

/** proc_pid_status() - the lines of status that the model has. */
const proc_pid_status = kfunc('proc_pid_status', function* (task: TaskStruct) {
  const [letter, word] = stateOf(task);
  const mm = yield* task.mm.read();
  const pending = yield* task.pending.read();
  const shared = yield* task.signal.shared_pending.read();
  const lines = [
    `Name:\t${task.comm}`,
    `State:\t${letter} (${word})`,
    `Tgid:\t${task.tgid}`,
    `Pid:\t${task.pid}`,
    `PPid:\t${task.ppid}`,
  ];
  if (mm !== null) lines.push(`VmSize:\t${String(K(mm.total_vm.value)).padStart(8)} kB`);
  lines.push(`Threads:\t${task.signal.threads.length}`);
  lines.push(`SigPnd:\t${mask(pending)}`, `ShdPnd:\t${mask(shared)}`);
  return `${lines.join('\n')}\n`;
});

/** Functions of the scheduler, which the stack of a sleeping task is shown without (in_sched_functions()). */
const SCHED_TEXT: ReadonlySet<string> = new Set([
  ...[
    '__schedule',
    'schedule',
    'schedule_timeout',
    'io_schedule',
    '__wait_for_common',
    'wait_for_completion',
  ],
]);

/** proc_pid_stack() - where a task stands in the kernel. */
const proc_pid_stack = kfunc('proc_pid_stack', function* (task: TaskStruct) {
  // A zombie has given its stack back.
  if (task === current() || task.thread.state !== 'ready') return '';
  const all = stackOf(task.thread, blocked_frames(task));
  const from = all.findIndex(({ symbol }) => !SCHED_TEXT.has(symbol));
  const frames = from < 0 ? [] : all.slice(from);
  return frames.map((entry) => `[<0>] ${formatEntry(entry)}\n`).join('');
});

const comm_show = kfunc('comm_show', function* (task: TaskStruct) {
  return `${task.comm}\n`;
});

const oom_score_adj_read = kfunc('oom_score_adj_read', function* (task: TaskStruct) {
  return `${yield* task.signal.oom_score_adj.read()}\n`;
});

const oom_score_adj_write = kfunc('oom_score_adj_write', function* (task: TaskStruct, data: string) {
  const value = kstrtoint(data.trim());
  if (Number.isNaN(value) || value < -1000 || value > 1000) return -EINVAL;
  yield* task.signal.oom_score_adj.write(value);
  return data.length;
});

const FILES: readonly PidFile[] = [
  { name: 'comm', show: (task) => comm_show(task) },
  {
    name: 'oom_score_adj',
    show: (task) => oom_score_adj_read(task),
    write: (task, data) => oom_score_adj_write(task, data),
  },
  { name: 'stack', show: (task) => proc_pid_stack(task) },
  { name: 'status', show: (task) => proc_pid_status(task) },
];

/** The process of an open file may have gone since: -ESRCH then. */
const stillThere = kfunc(
  'get_proc_task',
  function* (task: TaskStruct) {
    yield* rcu_read_lock();
    const found = (yield* find_task_by_vpid(task.pid)) === task;
    yield* rcu_read_unlock();
    return found;
  },
  { inlined: true },
);

const proc_single_show = kfunc('proc_single_show', function* (task: TaskStruct, file: PidFile) {
  if (file.show === undefined || !(yield* stillThere(task))) return '';
  return yield* file.show(task);
});

const proc_pid_write = kfunc(
  'proc_pid_write',
  function* (task: TaskStruct, file: PidFile, data: string) {
    if (!(yield* stillThere(task))) return -ESRCH;
    return file.write === undefined ? -EINVAL : yield* file.write(task, data);
  },
  { inlined: true },
);

function pidFileInode(dir: Inode, task: TaskStruct, file: PidFile): Inode {
  const rest: FileOperations =
    file.write === undefined ? {} : { write: (_file: FileStruct, data) => proc_pid_write(task, file, data) };
  const i_fop = singleFile(() => proc_single_show(task, file), rest);
  return { name: file.name, kind: 'regular', i_sb: dir.i_sb, i_fop, i_op: {}, i_private: task };
}

const proc_pident_lookup = kfunc('proc_pident_lookup', function* (dir: Inode, name: string) {
  const file = FILES.find((candidate) => candidate.name === name);
  return file === undefined ? null : pidFileInode(dir, dir.i_private as TaskStruct, file);
});

const proc_pident_readdir = kfunc('proc_pident_readdir', function* (_dir: Inode) {
  return FILES.map(({ name }) => name);
});

const proc_pid_operations: InodeOperations = {
  lookup: (dir, name) => proc_pident_lookup(dir, name),
  iterate: (dir) => proc_pident_readdir(dir),
};

/** proc_pid_lookup() - /proc/<pid>, or /proc/self. */
const proc_pid_lookup = kfunc('proc_pid_lookup', function* (dir: Inode, name: string) {
  const pid = name === 'self' ? current().tgid : /^[1-9]\d*$/.test(name) ? Number(name) : null;
  if (pid === null) return null;
  yield* rcu_read_lock();
  const task = yield* find_task_by_vpid(pid);
  yield* rcu_read_unlock();
  if (task === null) return null;
  const inode: Inode = {
    ...{ name, kind: 'directory', i_sb: dir.i_sb, i_fop: {} },
    ...{ i_op: proc_pid_operations, i_private: task },
  };
  return inode;
});

const proc_pid_readdir = kfunc('proc_pid_readdir', function* (_dir: Inode) {
  return (yield* init_task_tasks().read()).map((task) => String(task.pid));
});

const proc_root_operations: InodeOperations = {
  lookup: (dir, name) => proc_pid_lookup(dir, name),
  iterate: (dir) => proc_pid_readdir(dir),
};

const proc_sys_read = kfunc('proc_sys_read', function* (name: string) {
  return `${sysctl(name, DEFAULTS[name] ?? 0)}\n`;
});

/** proc_sys_write() - set a number that some part of the kernel looks at. */
const proc_sys_write = kfunc('proc_sys_write', function* (name: string, data: string) {
  const value = kstrtoint(data.trim());
  if (Number.isNaN(value) || value < 0) return -EINVAL;
  yield* set_sysctl(name, value);
  return data.length;
});

/** Numbers below /proc/sys, by their names with dots, with what they are unless somebody sets them. */
const DEFAULTS: Readonly<Record<string, number>> = {
  'kernel.hung_task_panic': 0,
  'kernel.hung_task_timeout_secs': 120,
  'kernel.panic_on_oops': 0,
  'kernel.panic_on_warn': 0,
  'vm.oom_dump_tasks': 1,
  'vm.oom_kill_allocating_task': 0,
  'vm.panic_on_oom': 0,
};

kernelInit('proc', INIT.SUBSYS, () => {
  dcache().mount('/proc', 'proc', proc_root_operations);
  for (const name of Object.keys(DEFAULTS)) {
    const rest: FileOperations = { write: (_file, data) => proc_sys_write(name, data) };
    dcache().file(
      `/proc/sys/${name.replace('.', '/')}`,
      'regular',
      singleFile(() => proc_sys_read(name), rest),
    );
  }
});

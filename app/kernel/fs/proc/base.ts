import type { Call } from '../../../sim/call.ts';
import { EINVAL, ESRCH } from '../../include/errno.ts';
import type { FileOperations, FileStruct, Inode, InodeOperations } from '../../include/fs.ts';
import { rcu_dereference } from '../../include/rwonce.ts';
import { current, PF_KTHREAD, type TaskStruct } from '../../include/sched.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { kfunc } from '../../kfunc.ts';
import { rcu_read_lock, rcu_read_unlock } from '../../kernel/rcu/tree.ts';
import { oom_badness } from '../../mm/oom_kill.ts';
import { totalram_pages } from '../../mm/page_limit.ts';
import { total_swap_pages } from '../../mm/swapfile.ts';
import { pr_warn } from '../../printk.ts';
import { formatEntry } from '../../stack.ts';
import { dcache } from '../dcache.ts';
import { kstrtoint } from '../debugfs/file.ts';
import { pseudoLookup, pseudoNames } from '../pseudo.ts';
import { singleFile } from '../seq_file.ts';
import { proc_pid_statm, proc_pid_status, proc_tgid_stat } from './array.ts';
import { fdDirectory } from './fd.ts';
import { show_map, show_smaps_rollup } from './task_mmu.ts';
import { allTasks, findTask, sleepingStack, waitChannel } from './tasks.ts';
import './files.ts';

export { stateOf } from './tasks.ts';

/** A file of /proc/<pid>. */
interface PidFile {
  readonly name: string;
  readonly show?: (task: TaskStruct) => Call<string>;
  readonly write?: (task: TaskStruct, data: string) => Call<number>;
}

/** proc_pid_stack() - where a task stands in the kernel. */
const proc_pid_stack = kfunc('proc_pid_stack', function* (task: TaskStruct) {
  if (task === current()) return '';
  return sleepingStack(task)
    .map((entry) => `[<0>] ${formatEntry(entry)}\n`)
    .join('');
});

/** proc_pid_wchan() - the function in which a task sleeps, without a newline; 0 if it does not. */
const proc_pid_wchan = kfunc('proc_pid_wchan', function* (task: TaskStruct) {
  const channel = waitChannel(task);
  return channel === '' ? '0' : channel;
});

/** proc_pid_cmdline_read() - the words of the call, each ended by a NUL; a kernel thread has none. */
const proc_pid_cmdline_read = kfunc('proc_pid_cmdline_read', function* (task: TaskStruct) {
  if ((task.flags & PF_KTHREAD) !== 0 || (yield* task.mm.read()) === null) return '';
  const words = task.arg_words.length > 0 ? task.arg_words : [task.comm];
  return words.map((word) => `${word}\0`).join('');
});

/** proc_cgroup_show() - the group in the one hierarchy of cgroup2. */
const proc_cgroup_show = kfunc('proc_cgroup_show', function* (task: TaskStruct) {
  return `0::${(yield* rcu_dereference(task.memcg))?.path ?? '/'}\n`;
});

/** proc_oom_score() - 0 to 2000, 667 for a process that has nothing. */
const proc_oom_score = kfunc('proc_oom_score', function* (task: TaskStruct) {
  const totalpages = totalram_pages() + total_swap_pages();
  const badness = yield* oom_badness(task, totalpages);
  return `${badness === null ? 0 : Math.trunc(((1000 + Math.trunc((badness * 1000) / totalpages)) * 2) / 3)}\n`;
});

/** oom_adj_read() - the old scale, from -17 to 15. */
const oom_adj_read = kfunc('oom_adj_read', function* (task: TaskStruct) {
  const adj = yield* task.signal.oom_score_adj.read();
  return `${adj === 1000 ? 15 : Math.trunc((adj * 17) / 1000)}\n`;
});

const oom_adj_write = kfunc('oom_adj_write', function* (task: TaskStruct, data: string) {
  const value = kstrtoint(data.trim());
  if (Number.isNaN(value) || ((value < -16 || value > 15) && value !== -17)) return -EINVAL;
  const me = current();
  const [about, instead] = [`/proc/${task.pid}/oom_adj`, `/proc/${task.pid}/oom_score_adj`];
  pr_warn(`${me.comm} (${me.pid}): ${about} is deprecated, please use ${instead} instead.`);
  const adj = value === 15 ? 1000 : value === -17 ? -1000 : Math.trunc((value * 1000) / 17);
  yield* task.signal.oom_score_adj.write(adj);
  return data.length;
});

/** comm_write() - a new name; the threads of one process may name each other. */
const comm_write = kfunc('comm_write', function* (task: TaskStruct, data: string) {
  if (task.tgid !== current().tgid) return -EINVAL;
  task.comm = data.replace(/\n$/, '').slice(0, 15);
  return data.length;
});

const proc_fault_inject_read = kfunc('proc_fault_inject_read', function* (task: TaskStruct) {
  return task.make_it_fail ? '1\n' : '0\n';
});

const proc_fault_inject_write = kfunc('proc_fault_inject_write', function* (task: TaskStruct, data: string) {
  const value = kstrtoint(data.trim());
  if (value !== 0 && value !== 1) return -EINVAL;
  task.make_it_fail = value === 1;
  return data.length;
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
  { name: 'cgroup', show: (task) => proc_cgroup_show(task) },
  { name: 'cmdline', show: (task) => proc_pid_cmdline_read(task) },
  { name: 'comm', show: (task) => comm_show(task), write: (task, data) => comm_write(task, data) },
  {
    name: 'make-it-fail',
    show: (task) => proc_fault_inject_read(task),
    write: (task, data) => proc_fault_inject_write(task, data),
  },
  { name: 'maps', show: (task) => show_map(task) },
  {
    name: 'oom_adj',
    show: (task) => oom_adj_read(task),
    write: (task, data) => oom_adj_write(task, data),
  },
  { name: 'oom_score', show: (task) => proc_oom_score(task) },
  {
    name: 'oom_score_adj',
    show: (task) => oom_score_adj_read(task),
    write: (task, data) => oom_score_adj_write(task, data),
  },
  { name: 'smaps_rollup', show: (task) => show_smaps_rollup(task) },
  { name: 'stack', show: (task) => proc_pid_stack(task) },
  { name: 'stat', show: (task) => proc_tgid_stat(task) },
  { name: 'statm', show: (task) => proc_pid_statm(task) },
  { name: 'status', show: (task) => proc_pid_status(task) },
  { name: 'wchan', show: (task) => proc_pid_wchan(task) },
];

/** The process of an open file may have gone since: -ESRCH then. */
const stillThere = kfunc(
  'get_proc_task',
  function* (task: TaskStruct) {
    yield* rcu_read_lock();
    const found = (yield* findTask(task.pid)) === task;
    yield* rcu_read_unlock();
    return found;
  },
  { inlined: true },
);

const proc_single_show = kfunc('proc_single_show', function* (task: TaskStruct, file: PidFile) {
  if (file.show === undefined) return '';
  return (yield* stillThere(task)) ? yield* file.show(task) : -ESRCH;
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
  const task = dir.i_private as TaskStruct;
  const file = FILES.find((candidate) => candidate.name === name);
  if (file !== undefined) return pidFileInode(dir, task, file);
  if (name === 'fd') return fdDirectory(dir, task);
  return name === 'task' && dir.name !== 'task'
    ? taskDirectory(dir, 'task', task, proc_task_operations)
    : null;
});

const proc_pident_readdir = kfunc('proc_pident_readdir', function* (_dir: Inode) {
  return [...FILES.map(({ name }) => name), 'fd', 'task'];
});

const proc_pid_operations: InodeOperations = {
  lookup: (dir, name) => proc_pident_lookup(dir, name),
  iterate: (dir) => proc_pident_readdir(dir),
};

function taskDirectory(dir: Inode, name: string, task: TaskStruct, i_op: InodeOperations): Inode {
  return { name, kind: 'directory', i_sb: dir.i_sb, i_fop: {}, i_op, i_private: task };
}

/** proc_task_lookup() - a thread of a process by its id. */
const proc_task_lookup = kfunc('proc_task_lookup', function* (dir: Inode, name: string) {
  const leader = dir.i_private as TaskStruct;
  yield* rcu_read_lock();
  const threads = yield* rcu_dereference(leader.signal.thread_head);
  yield* rcu_read_unlock();
  const thread = threads.find(({ pid }) => String(pid) === name);
  return thread === undefined ? null : taskDirectory(dir, name, thread, proc_tid_operations);
});

const proc_task_readdir = kfunc('proc_task_readdir', function* (dir: Inode) {
  const leader = dir.i_private as TaskStruct;
  return (yield* rcu_dereference(leader.signal.thread_head)).map(({ pid }) => String(pid));
});

const proc_task_operations: InodeOperations = {
  lookup: (dir, name) => proc_task_lookup(dir, name),
  iterate: (dir) => proc_task_readdir(dir),
};

const proc_tid_lookup = kfunc('proc_tid_base_lookup', function* (dir: Inode, name: string) {
  const file = FILES.find((candidate) => candidate.name === name);
  return file === undefined ? null : pidFileInode(dir, dir.i_private as TaskStruct, file);
});

const proc_tid_readdir = kfunc('proc_tid_base_readdir', function* (_dir: Inode) {
  return FILES.map(({ name }) => name);
});

const proc_tid_operations: InodeOperations = {
  lookup: (dir, name) => proc_tid_lookup(dir, name),
  iterate: (dir) => proc_tid_readdir(dir),
};

/** proc_pid_lookup() - /proc/<pid>, /proc/self, /proc/thread-self, and the files that are about no process. */
const proc_pid_lookup = kfunc('proc_pid_lookup', function* (dir: Inode, name: string) {
  const me = current();
  const pid =
    name === 'self'
      ? me.tgid
      : name === 'thread-self'
        ? me.pid
        : /^[1-9]\d*$/.test(name)
          ? Number(name)
          : null;
  if (pid === null) return yield* pseudoLookup(dir, '/proc', name);
  yield* rcu_read_lock();
  const task = yield* findTask(pid);
  yield* rcu_read_unlock();
  return task === null ? null : taskDirectory(dir, name, task, proc_pid_operations);
});

const proc_pid_readdir = kfunc('proc_pid_readdir', function* (_dir: Inode) {
  const tasks = (yield* allTasks()).map((task) => String(task.pid));
  return [...tasks, 'self', 'thread-self', ...(yield* pseudoNames('/proc'))];
});

const proc_root_operations: InodeOperations = {
  lookup: (dir, name) => proc_pid_lookup(dir, name),
  iterate: (dir) => proc_pid_readdir(dir),
};

kernelInit('proc', INIT.SUBSYS, () => {
  dcache().mount('/proc', 'proc', proc_root_operations);
});

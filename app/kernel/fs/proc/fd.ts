import type { Body } from '../../../sim/call.ts';
import { EACCES, EINVAL, ENOENT } from '../../include/errno.ts';
import type { FileStruct, Inode, InodeOperations } from '../../include/fs.ts';
import { rcu_dereference } from '../../include/rwonce.ts';
import { current, type TaskStruct } from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { rcu_read_lock, rcu_read_unlock } from '../../kernel/rcu/tree.ts';
import { filename_lookup, filename_parentat } from '../namei.ts';

/**
 * /proc/<pid>/fd: the open files of a process, by descriptor. As a name each is the file itself; where it leads to is told
 * by readlink().
 */

/** The file of a descriptor; null if there is none. */
function* fileAt(task: TaskStruct, fd: string): Body<FileStruct | null> {
  if (!/^\d{1,5}$/.test(fd)) return null;
  yield* rcu_read_lock();
  const slot = task.files?.fd[Number(fd)];
  const file = slot === undefined ? null : yield* rcu_dereference(slot);
  yield* rcu_read_unlock();
  return file;
}

/** proc_fd_permission(): one's own, or those of anybody for root. */
const mayLook = (task: TaskStruct): boolean => current().uid === 0 || current().tgid === task.tgid;

const proc_lookupfd = kfunc('proc_lookupfd', function* (dir: Inode, name: string) {
  const task = dir.i_private as TaskStruct;
  return mayLook(task) ? ((yield* fileAt(task, name))?.f_inode ?? null) : null;
});

const proc_readfd = kfunc('proc_readfd', function* (dir: Inode) {
  const task = dir.i_private as TaskStruct;
  if (task.files === null || !mayLook(task)) return [];
  const names: string[] = [];
  for (const fd of task.files.fd.keys()) {
    if ((yield* fileAt(task, String(fd))) !== null) names.push(String(fd));
  }
  return names;
});

const proc_fd_inode_operations: InodeOperations = {
  lookup: (dir, name) => proc_lookupfd(dir, name),
  iterate: (dir) => proc_readfd(dir),
};

export function fdDirectory({ i_sb }: Inode, task: TaskStruct): Inode {
  return { name: 'fd', kind: 'directory', i_sb, i_fop: {}, i_op: proc_fd_inode_operations, i_private: task };
}

/**
 * do_readlinkat() - where a link leads to.
 *
 * Return: the path, as /proc shows it; -EINVAL for what is no link. The only links are those of /proc/<pid>/fd.
 */
export const do_readlinkat = kfunc('do_readlinkat', function* (path: string) {
  const inode = yield* filename_lookup(path);
  if (typeof inode === 'number') return inode;
  const parent = yield* filename_parentat(path);
  if (typeof parent === 'number' || parent.directory.i_op !== proc_fd_inode_operations) return -EINVAL;
  const task = parent.directory.i_private as TaskStruct;
  if (!mayLook(task)) return -EACCES;
  const file = yield* fileAt(task, parent.last);
  return file === null ? -ENOENT : nameOf(file);
});

/** d_path(), and d_dname of files that have no path. */
function nameOf({ f_path, f_inode }: FileStruct): string {
  if (f_path !== '') return f_path;
  return f_inode.kind === 'fifo' ? f_inode.name : `anon_inode:${f_inode.name}`;
}

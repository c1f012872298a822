import { Operation } from '../../sim/operation.ts';
import { atomic_dec_and_test, atomic_inc, atomic_read } from '../include/atomic.ts';
import { EBADF, EMFILE, ENOMEM } from '../include/errno.ts';
import { FilesStruct } from '../include/fdtable.ts';
import { FMODE_ATOMIC_POS, O_CLOEXEC, type FileStruct } from '../include/fs.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from '../mm/slab.ts';
import { __fput_sync, fput, get_file } from './file_table.ts';
import { rcu_assign_pointer, rcu_dereference } from '../include/rwonce.ts';

/** A file in use by a system call: `borrowed` from a table that nobody else can change meanwhile. */
export interface Fd {
  readonly file: FileStruct;
  readonly borrowed: boolean;
  readonly posLocked: boolean;
}

const files_cachep = kmem_cache_create('files_cache', 704);

/** Highest number of descriptors, RLIMIT_NOFILE. */
const MOST_DESCRIPTORS = 1024;

/**
 * alloc_fd() - reserve the lowest free descriptor from `start` on.
 *
 * Context: takes file_lock.
 * Return: the descriptor or -EMFILE. The slot stays empty until fd_install().
 */
export const alloc_fd = kfunc('alloc_fd', function* (start: number, flags: number) {
  const files = filesOf(current());
  yield* spin_lock(files.file_lock);
  let fd = start;
  while (files.open_fds.has(fd)) fd++;
  if (fd >= MOST_DESCRIPTORS) {
    yield* spin_unlock(files.file_lock);
    return -EMFILE;
  }
  files.open_fds.add(fd);
  if ((flags & O_CLOEXEC) !== 0) files.close_on_exec.add(fd);
  else files.close_on_exec.delete(fd);
  files.slot(fd);
  yield* spin_unlock(files.file_lock);
  return fd;
});

export const get_unused_fd_flags = kfunc('get_unused_fd_flags', function* (flags: number) {
  return yield* alloc_fd(0, flags);
});

export const put_unused_fd = kfunc('put_unused_fd', function* (fd: number) {
  const files = filesOf(current());
  yield* spin_lock(files.file_lock);
  files.open_fds.delete(fd);
  yield* spin_unlock(files.file_lock);
});

/**
 * fd_install() - publish a file in a reserved slot. The caller's reference goes with it.
 *
 * Context: from here on other threads can use and close the file.
 */
export const fd_install = kfunc('fd_install', function* (fd: number, file: FileStruct) {
  yield* rcu_assign_pointer(filesOf(current()).slot(fd), file);
});

/**
 * file_close_fd() - take a file out of the table.
 *
 * Return: the file with the table's reference, or null if the slot is empty.
 */
export const file_close_fd = kfunc('file_close_fd', function* (fd: number) {
  const files = filesOf(current());
  yield* spin_lock(files.file_lock);
  const slot = files.fd[fd];
  const file = slot === undefined ? null : yield* rcu_dereference(slot);
  if (slot !== undefined && file !== null) {
    yield* rcu_assign_pointer(slot, null);
    files.open_fds.delete(fd);
  }
  yield* spin_unlock(files.file_lock);
  return file;
});

/** filp_close() - drop a descriptor's reference. Leaves out: flush, which no file here has. */
export const filp_close = kfunc('filp_close', function* (file: FileStruct) {
  yield* fput(file);
  return 0;
});

/**
 * __x64_sys_close() - close a descriptor. The last close of a file releases it right here, without a
 * detour through task work, since the call returns to user space anyway.
 */
export const __x64_sys_close = kfunc('__x64_sys_close', function* (fd: number) {
  const file = yield* file_close_fd(fd);
  if (file === null) return -EBADF;
  yield* __fput_sync(file);
  return 0;
});

/**
 * Takes a reference to a file found in a slot, unless its last one is gone. Files are type-stable: the
 * memory may belong to another file meanwhile, never to something else, so the touch is always allowed.
 */
class GetFileRcu extends Operation<boolean> {
  constructor(private readonly file: FileStruct) {
    super('rmw', file.f_count, 'write');
  }

  override get memory(): null {
    return null;
  }

  override execute(): boolean {
    const count = this.file.f_count;
    if (!this.file.memory.alive || count.value === 0) return false;
    count.value++;
    return true;
  }
}

/**
 * __fget_files() - look a descriptor up in a shared table and take a reference.
 *
 * Context: an RCU reader. The slot is looked at again after the reference was taken: another thread may
 * have closed the descriptor in between.
 */
export const __fget_files = kfunc(
  '__fget_files',
  function* (files: FilesStruct, fd: number) {
    yield* rcu_read_lock();
    let file: FileStruct | null;
    for (;;) {
      const slot = files.fd[fd];
      file = slot === undefined ? null : yield* rcu_dereference(slot);
      if (slot === undefined || file === null) break;
      if (!(yield* new GetFileRcu(file))) continue;
      if ((yield* rcu_dereference(slot)) === file) break;
      yield* fput(file);
    }
    yield* rcu_read_unlock();
    return file;
  },
  { inlined: true },
);

/** fget() - the file behind a descriptor of the current task, with a reference; null if there is none. */
export const fget = kfunc('fget', function* (fd: number) {
  return yield* __fget_files(filesOf(current()), fd);
});

/**
 * fdget() - the file behind a descriptor, for the time of a system call.
 *
 * A table that only the current task has cannot change under it: no reference is taken then.
 */
export const fdget = kfunc('fdget', function* (fd: number) {
  const files = filesOf(current());
  if ((yield* atomic_read(files.count)) === 1) {
    const file = files.fd[fd] === undefined ? null : yield* rcu_dereference(files.fd[fd]);
    return file === null ? null : ({ file, borrowed: true, posLocked: false } satisfies Fd);
  }
  const file = yield* __fget_files(files, fd);
  return file === null ? null : ({ file, borrowed: false, posLocked: false } satisfies Fd);
});

/** fdget_pos() - as fdget(), and with the position locked if others could use it as well. */
export const fdget_pos = kfunc('fdget_pos', function* (fd: number) {
  const found: Fd | null = yield* fdget(fd);
  if (found === null || (found.file.f_mode & FMODE_ATOMIC_POS) === 0) return found;
  if ((yield* atomic_read(found.file.f_count)) <= 1) return found;
  yield* mutex_lock(found.file.f_pos_lock);
  return { ...found, posLocked: true };
});

export const fdput = kfunc(
  'fdput',
  function* (fd: Fd) {
    if (!fd.borrowed) yield* fput(fd.file);
  },
  { inlined: true },
);

export const fdput_pos = kfunc(
  'fdput_pos',
  function* (fd: Fd) {
    if (fd.posLocked) yield* mutex_unlock(fd.file.f_pos_lock);
    yield* fdput(fd);
  },
  { inlined: true },
);

/** alloc_files() - an empty table, for the first process. */
export const alloc_files = kfunc(
  'alloc_files',
  function* () {
    return yield* kmem_cache_alloc(files_cachep, FilesStruct, GFP_KERNEL, 'files_struct');
  },
  { inlined: true },
);

/**
 * dup_fd() - a copy of a table for a new process: the same open files, one more reference each.
 *
 * Return: the copy, or null without memory.
 */
export const dup_fd = kfunc('dup_fd', function* (oldf: FilesStruct) {
  const newf = yield* alloc_files();
  if (newf === null) return null;
  yield* spin_lock(oldf.file_lock);
  for (let fd = 0; fd < oldf.fd.length; fd++) {
    const file = yield* rcu_dereference(oldf.fd[fd]);
    if (file === null) continue;
    yield* get_file(file);
    newf.open_fds.add(fd);
    if (oldf.close_on_exec.has(fd)) newf.close_on_exec.add(fd);
    // Nobody else sees the new table yet.
    newf.slot(fd).value = file;
  }
  yield* spin_unlock(oldf.file_lock);
  return newf;
});

/**
 * copy_files() - give a new task its table: the parent's own (CLONE_FILES) or a copy.
 *
 * Return: 0 or -ENOMEM.
 */
export const copy_files = kfunc(
  'copy_files',
  function* (task: TaskStruct, share: boolean) {
    const oldf = current().files;
    if (oldf === null) return 0;
    if (share) {
      yield* atomic_inc(oldf.count);
      task.files = oldf;
      return 0;
    }
    const newf = yield* dup_fd(oldf);
    if (newf === null) return -ENOMEM;
    task.files = newf;
    return 0;
  },
  { inlined: true },
);

/** put_files_struct() - drop a share of a table; the last one closes all its files. */
export const put_files_struct = kfunc('put_files_struct', function* (files: FilesStruct) {
  if (!(yield* atomic_dec_and_test(files.count))) return;
  for (const slot of files.fd) {
    const file = yield* slot.update(() => null);
    if (file !== null) yield* filp_close(file);
  }
  yield* kmem_cache_free(files_cachep, files);
});

/**
 * exit_files() - a task that ends lets go of its table.
 *
 * Context: do_exit(), after exit_mm(). Files are released later, by exit_task_work().
 */
export const exit_files = kfunc('exit_files', function* (task: TaskStruct) {
  const files = task.files;
  if (files === null) return;
  task.files = null;
  yield* put_files_struct(files);
});

/** do_close_on_exec() - close what is not meant for the new program. */
export const do_close_on_exec = kfunc('do_close_on_exec', function* (files: FilesStruct) {
  const marked = [...files.close_on_exec].sort((a, b) => a - b);
  files.close_on_exec.clear();
  for (const fd of marked) {
    const file = yield* file_close_fd(fd);
    if (file !== null) yield* filp_close(file);
  }
});

/**
 * ksys_dup3() - make `newfd` refer to the file of `oldfd`; what it referred to before is closed.
 *
 * Return: `newfd`, or -EBADF.
 */
export const ksys_dup3 = kfunc('ksys_dup3', function* (oldfd: number, newfd: number, flags: number) {
  const files = filesOf(current());
  if (newfd < 0 || newfd >= MOST_DESCRIPTORS) return -EBADF;
  yield* spin_lock(files.file_lock);
  const file = files.fd[oldfd] === undefined ? null : yield* rcu_dereference(files.fd[oldfd]);
  if (file === null || oldfd === newfd) {
    yield* spin_unlock(files.file_lock);
    return file === null ? -EBADF : newfd;
  }
  yield* get_file(file);
  const slot = files.slot(newfd);
  const before = yield* rcu_dereference(slot);
  yield* rcu_assign_pointer(slot, file);
  files.open_fds.add(newfd);
  if ((flags & O_CLOEXEC) !== 0) files.close_on_exec.add(newfd);
  else files.close_on_exec.delete(newfd);
  yield* spin_unlock(files.file_lock);
  if (before !== null) yield* filp_close(before);
  return newfd;
});

/** __x64_sys_dup() - the file of `oldfd` once more, at the lowest free descriptor from `from` on. */
export const __x64_sys_dup = kfunc('__x64_sys_dup', function* (oldfd: number, from: number, flags: number) {
  const file = yield* fget(oldfd);
  if (file === null) return -EBADF;
  const fd = yield* alloc_fd(from, flags);
  if (fd < 0) {
    yield* fput(file);
    return fd;
  }
  yield* fd_install(fd, file);
  return fd;
});

/**
 * receive_fd() - a file that somebody else handed over (SCM_RIGHTS, pidfd_getfd()) in the current table.
 * From here on either of the two may be its last user.
 */
export const receive_fd = kfunc('receive_fd', function* (file: FileStruct, flags: number) {
  const fd = yield* get_unused_fd_flags(flags);
  if (fd < 0) return fd;
  yield* fd_install(fd, yield* get_file(file));
  return fd;
});

function filesOf(task: TaskStruct): FilesStruct {
  if (task.files === null) throw new Error(`${task.comm} has no files`);
  return task.files;
}

import { runningTask } from '../../sim/machine-in-force.ts';
import { EBADF, EINVAL, EISDIR } from '../include/errno.ts';
import { FMODE_READ, FMODE_WRITE, type FileStruct } from '../include/fs.ts';
import { kfunc } from '../kfunc.ts';
import { lock_acquire, lock_release } from '../kernel/locking/lockdep.ts';
import { callingFunction } from '../stack.ts';
import { fdget_pos, fdput_pos } from './file.ts';

/**
 * vfs_read() - read from a file at its position.
 *
 * Return: the text read, '' at the end, or an error below 0.
 * Models: fs/read_write.c. Leaves out: the user's buffer, which is taken as present.
 */
export const vfs_read = kfunc('vfs_read', function* (file: FileStruct, size: number) {
  if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
  if (file.f_inode.kind === 'directory') return -EISDIR;
  if (file.f_op.read === undefined) return -EINVAL;
  return yield* file.f_op.read(file, size);
});

/**
 * vfs_write() - write to a file.
 *
 * Context: enters the file system's write section (regular files only), which lockdep sees as taken by the
 * caller.
 * Return: how much was written, or an error below 0.
 * Models: fs/read_write.c. Leaves out: freezing, so the section never has to wait.
 */
export const vfs_write = kfunc('vfs_write', function* (file: FileStruct, data: string) {
  if ((file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (file.f_op.write === undefined) return -EINVAL;
  const { kind, i_sb } = file.f_inode;
  if (kind !== 'regular') return yield* file.f_op.write(file, data);
  const map = i_sb.s_writers;
  lock_acquire({ map, subclass: 0, trylock: false, read: 1, ip: callingFunction(runningTask()) });
  const written = yield* file.f_op.write(file, data);
  lock_release(map);
  return written;
});

/** ksys_read() - the system call read(). */
export const ksys_read = kfunc('ksys_read', function* (fd: number, size: number) {
  const f = yield* fdget_pos(fd);
  if (f === null) return -EBADF;
  const result = yield* vfs_read(f.file, size);
  yield* fdput_pos(f);
  return result;
});

/** ksys_write() - the system call write(). */
export const ksys_write = kfunc('ksys_write', function* (fd: number, data: string) {
  const f = yield* fdget_pos(fd);
  if (f === null) return -EBADF;
  const result = yield* vfs_write(f.file, data);
  yield* fdput_pos(f);
  return result;
});

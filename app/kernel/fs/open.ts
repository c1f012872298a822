import { EACCES, EISDIR, EEXIST, ENOENT, ENOTDIR } from '../include/errno.ts';
import { O_ACCMODE, O_CREAT, O_EXCL, O_RDONLY, type FileStruct, type Inode } from '../include/fs.ts';
import { current } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { splitPath } from './dcache.ts';
import { fd_install, get_unused_fd_flags, put_unused_fd } from './file.ts';
import { alloc_empty_file, file_free } from './file_table.ts';
import { absolute, filename_lookup, filename_parentat, walk_component } from './namei.ts';
import { inode_permission, mayCreate } from './permission.ts';

/**
 * do_dentry_open() - an open file for an inode.
 *
 * Return: the file with one reference, or an error below 0.
 */
export const do_dentry_open = kfunc('do_dentry_open', function* (inode: Inode, flags: number) {
  const file: FileStruct | number = yield* alloc_empty_file(inode, flags);
  if (typeof file === 'number') return file;
  if (inode.i_fop.open !== undefined) {
    const error = yield* inode.i_fop.open(inode, file);
    if (error < 0) {
      // As the C frees a file that was never opened: without its release().
      yield* file_free(file);
      return error;
    }
  }
  return file;
});

/** do_filp_open() - walk to a path, create it if asked to, and open it. */
export const do_filp_open = kfunc('do_filp_open', function* (path: string, flags: number) {
  if ((flags & O_CREAT) === 0) {
    const inode = yield* filename_lookup(path);
    return typeof inode === 'number' ? inode : yield* openInode(path, inode, flags);
  }
  const parent = yield* filename_parentat(path);
  if (typeof parent === 'number') return parent === -EEXIST ? -EISDIR : parent;
  const { directory, last } = parent;
  const found = yield* walk_component(directory, last);
  if (found !== null) {
    return (flags & O_EXCL) === 0 ? yield* openInode(path, found, flags) : -EEXIST;
  }
  if (directory.kind !== 'directory') return -ENOTDIR;
  if (directory.i_op.create === undefined) return directory.i_sb.type === 'proc' ? -ENOENT : -EACCES;
  if (!mayCreate(absolute(path))) return -EACCES;
  const made = yield* directory.i_op.create(directory, last);
  return typeof made === 'number' ? made : yield* openInode(path, made, flags);
});

const openInode = kfunc(
  'vfs_open',
  function* (path: string, inode: Inode, flags: number) {
    const refused = current().uid === 0 ? 0 : inode_permission(absolute(path), inode, flags);
    if (refused !== 0) return refused;
    if (inode.kind === 'directory' && (flags & O_ACCMODE) !== O_RDONLY) return -EISDIR;
    const file: FileStruct | number = yield* do_dentry_open(inode, flags);
    if (typeof file !== 'number') file.f_path = `/${splitPath(absolute(path)).join('/')}`;
    return file;
  },
  { inlined: true },
);

/**
 * do_sys_openat2() - the system call openat().
 *
 * Return: a descriptor, or an error below 0.
 */
export const do_sys_openat2 = kfunc('do_sys_openat2', function* (path: string, flags: number) {
  if (path === '') return -ENOENT;
  const fd = yield* get_unused_fd_flags(flags);
  if (fd < 0) return fd;
  const file: FileStruct | number = yield* do_filp_open(path, flags);
  if (typeof file === 'number') {
    yield* put_unused_fd(fd);
    return file;
  }
  yield* fd_install(fd, file);
  return fd;
});

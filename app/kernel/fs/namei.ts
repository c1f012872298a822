import { EBUSY, EEXIST, EISDIR, ENOENT, ENOTDIR, EPERM, EXDEV } from '../include/errno.ts';
import type { Inode } from '../include/fs.ts';
import { current } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { dcache, splitPath } from './dcache.ts';

/** A path looked up except for its last name. */
export interface ParentPath {
  readonly directory: Inode;
  readonly last: string;
}

/**
 * link_path_walk() - from the root down to a directory.
 *
 * Return: the directory, or -ENOENT, -ENOTDIR.
 * Models: fs/namei.c. Leaves out: permissions (the guest's user is root), symbolic links, and the RCU walk's
 * retries. What stands in the tree since boot is found without a visible operation, as it never changes.
 */
export const link_path_walk = kfunc('link_path_walk', function* (names: readonly string[]) {
  let at = dcache().root;
  for (const name of names) {
    const next: Inode | null = yield* walk_component(at, name);
    if (next === null) return -ENOENT;
    at = next;
  }
  return at;
});

/** walk_component() - one name in a directory; null if it is not there. */
export const walk_component = kfunc(
  'walk_component',
  function* (directory: Inode, name: string) {
    const fixed = dcache().child(directory, name);
    if (fixed !== null) return fixed;
    return directory.i_op.lookup === undefined ? null : yield* directory.i_op.lookup(directory, name);
  },
  { inlined: true },
);

/** filename_parentat() - a path down to the directory of its last name. */
export const filename_parentat = kfunc('filename_parentat', function* (path: string) {
  const names = splitPath(absolute(path));
  const last = names.pop();
  if (last === undefined) return -EEXIST;
  const directory = yield* link_path_walk(names);
  if (typeof directory === 'number') return directory;
  if (directory.kind !== 'directory') return -ENOTDIR;
  return { directory, last } satisfies ParentPath;
});

/** filename_lookup() - the inode of a path. */
export const filename_lookup = kfunc('filename_lookup', function* (path: string) {
  const names = splitPath(absolute(path));
  const inode = yield* link_path_walk(names);
  if (typeof inode !== 'number' && inode.kind !== 'directory' && path.endsWith('/')) return -ENOTDIR;
  return inode;
});

/** do_mkdirat() - mkdir(). */
export const do_mkdirat = kfunc('do_mkdirat', function* (path: string) {
  const parent = yield* filename_parentat(path);
  if (typeof parent === 'number') return parent;
  if ((yield* walk_component(parent.directory, parent.last)) !== null) return -EEXIST;
  const { mkdir } = parent.directory.i_op;
  return mkdir === undefined ? -EPERM : yield* mkdir(parent.directory, parent.last);
});

/** do_rmdir() - rmdir(). */
export const do_rmdir = kfunc('do_rmdir', function* (path: string) {
  const parent = yield* filename_parentat(path);
  if (typeof parent === 'number') return parent;
  const inode = yield* walk_component(parent.directory, parent.last);
  if (inode === null) return -ENOENT;
  if (inode.kind !== 'directory') return -ENOTDIR;
  const { rmdir } = parent.directory.i_op;
  return rmdir === undefined ? -EPERM : yield* rmdir(parent.directory, parent.last);
});

/** do_unlinkat() - unlink(). */
export const do_unlinkat = kfunc('do_unlinkat', function* (path: string) {
  const parent = yield* filename_parentat(path);
  if (typeof parent === 'number') return parent;
  const inode = yield* walk_component(parent.directory, parent.last);
  if (inode === null) return -ENOENT;
  if (inode.kind === 'directory') return -EISDIR;
  const { unlink } = parent.directory.i_op;
  return unlink === undefined ? -EPERM : yield* unlink(parent.directory, parent.last);
});

/** do_renameat2() - rename(), within one file system. */
export const do_renameat2 = kfunc('do_renameat2', function* (from: string, to: string) {
  const source = yield* filename_parentat(from);
  if (typeof source === 'number') return source === -EEXIST ? -EBUSY : source;
  const target = yield* filename_parentat(to);
  if (typeof target === 'number') return target === -EEXIST ? -EBUSY : target;
  if (source.directory.i_sb !== target.directory.i_sb) return -EXDEV;
  const inode = yield* walk_component(source.directory, source.last);
  if (inode === null) return -ENOENT;
  const there = yield* walk_component(target.directory, target.last);
  if (there !== null && there.kind !== inode.kind) return there.kind === 'directory' ? -EISDIR : -ENOTDIR;
  const { rename } = source.directory.i_op;
  if (rename === undefined || target.directory.i_op.rename === undefined) return -EPERM;
  return yield* rename(source.directory, source.last, target.directory, target.last);
});

/** __x64_sys_chdir() - change the working directory of the current process. */
export const __x64_sys_chdir = kfunc('__x64_sys_chdir', function* (path: string) {
  const inode = yield* filename_lookup(path);
  if (typeof inode === 'number') return inode;
  if (inode.kind !== 'directory') return -ENOTDIR;
  current().pwd = `/${splitPath(absolute(path)).join('/')}`;
  return 0;
});

/** __x64_sys_getdents64() - the names in a directory. */
export const list_directory = kfunc('__x64_sys_getdents64', function* (path: string) {
  const inode = yield* filename_lookup(path);
  if (typeof inode === 'number') return inode;
  if (inode.kind !== 'directory') return -ENOTDIR;
  const fixed = dcache().names(inode);
  if (inode.i_op.iterate === undefined) return fixed;
  const made = yield* inode.i_op.iterate(inode);
  return fixed.length === 0 ? made : [...new Set([...fixed, ...made])];
});

/** A path as seen from the root. */
export function absolute(path: string): string {
  return path.startsWith('/') ? path : `${current().pwd}/${path}`;
}

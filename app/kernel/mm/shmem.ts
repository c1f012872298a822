import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { dcache } from '../fs/dcache.ts';
import { simple_read_from_buffer } from '../fs/seq_file.ts';
import { ENOENT, ENOTEMPTY } from '../include/errno.ts';
import {
  O_APPEND,
  O_TRUNC,
  type FileOperations,
  type FileStruct,
  type Inode,
  type InodeOperations,
  type SuperBlock,
} from '../include/fs.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kfunc } from '../kfunc.ts';
import { down_write, RwSemaphore, up_write } from '../kernel/locking/rwsem.ts';

/** The directories on a tmpfs: names come and go under the directory's i_rwsem, lookups go without it. */
class TmpfsDirectory {
  readonly entries = new Cell<ReadonlyMap<string, Inode>>(new Map(), 'd_subdirs');
  readonly i_rwsem = new RwSemaphore('&type->i_mutex_dir_key#4');
}

/** The content of a file on a tmpfs. */
class TmpfsFile {
  readonly data = new Cell('', 'i_mapping');
  readonly i_rwsem = new RwSemaphore('&sb->s_type->i_mutex_key#13');
}

const directoryOf = (inode: Inode): TmpfsDirectory => inode.i_private as TmpfsDirectory;
const fileOf = (file: FileStruct): TmpfsFile => file.f_inode.i_private as TmpfsFile;

const shmem_lookup = kfunc('shmem_lookup', function* (dir: Inode, name: string) {
  return (yield* directoryOf(dir).entries.read()).get(name) ?? null;
});

const shmem_create = kfunc('shmem_create', function* (dir: Inode, name: string) {
  const i_fop = shmem_file_operations;
  const i_op = shmem_inode_operations;
  const inode: Inode = { name, kind: 'regular', i_sb: dir.i_sb, i_fop, i_op, i_private: new TmpfsFile() };
  yield* change(dir, (entries) => entries.set(name, inode));
  return inode;
});

const shmem_mkdir = kfunc('shmem_mkdir', function* (dir: Inode, name: string) {
  const inode = tmpfsDirectory(name, dir.i_sb);
  yield* change(dir, (entries) => entries.set(name, inode));
  return 0;
});

const shmem_rmdir = kfunc('shmem_rmdir', function* (dir: Inode, name: string) {
  const victim = (yield* directoryOf(dir).entries.read()).get(name);
  if (victim !== undefined && (yield* directoryOf(victim).entries.read()).size > 0) return -ENOTEMPTY;
  yield* shmem_unlink(dir, name);
  return 0;
});

const shmem_unlink = kfunc('shmem_unlink', function* (dir: Inode, name: string) {
  yield* change(dir, (entries) => entries.delete(name));
  return 0;
});

/** shmem_rename2() - under another name, maybe in another directory. Both locks one after the other: see change(). */
const shmem_rename2 = kfunc(
  'shmem_rename2',
  function* (dir: Inode, name: string, to: Inode, newName: string): Body<number> {
    const inode = (yield* directoryOf(dir).entries.read()).get(name);
    if (inode === undefined) return -ENOENT;
    const there = (yield* directoryOf(to).entries.read()).get(newName);
    if (there?.kind === 'directory' && (yield* directoryOf(there).entries.read()).size > 0) return -ENOTEMPTY;
    yield* change(dir, (entries) => entries.delete(name));
    yield* change(to, (entries) => entries.set(newName, { ...inode, name: newName }));
    return 0;
  },
);

const shmem_getsize = kfunc('shmem_getattr', function* (inode: Inode) {
  return (yield* (inode.i_private as TmpfsFile).data.read()).length;
});

const shmem_inode_operations: InodeOperations = { getsize: (inode) => shmem_getsize(inode) };

const dcache_readdir = kfunc('dcache_readdir', function* (dir: Inode) {
  return [...(yield* directoryOf(dir).entries.read()).keys()];
});

/** Changes the names in a directory, as the callers of the operations do it: under its lock. */
const change = kfunc(
  'shmem_change_directory',
  function* (dir: Inode, by: (entries: Map<string, Inode>) => unknown) {
    const { entries, i_rwsem } = directoryOf(dir);
    yield* down_write(i_rwsem);
    const names = new Map(yield* entries.read());
    by(names);
    yield* entries.write(names);
    yield* up_write(i_rwsem);
  },
  { inlined: true },
);

const shmem_dir_inode_operations: InodeOperations = {
  lookup: (dir, name) => shmem_lookup(dir, name),
  create: (dir, name) => shmem_create(dir, name),
  mkdir: (dir, name) => shmem_mkdir(dir, name),
  rmdir: (dir, name) => shmem_rmdir(dir, name),
  unlink: (dir, name) => shmem_unlink(dir, name),
  rename: (dir, name, to, newName) => shmem_rename2(dir, name, to, newName),
  iterate: (dir) => dcache_readdir(dir),
};

const shmem_file_open = kfunc('shmem_file_open', function* (_inode: Inode, file: FileStruct) {
  if ((file.f_flags & O_TRUNC) !== 0) yield* fileOf(file).data.write('');
  return 0;
});

const shmem_file_read_iter = kfunc('shmem_file_read_iter', function* (file: FileStruct, size: number) {
  return yield* simple_read_from_buffer(file, size, yield* fileOf(file).data.read());
});

const shmem_file_write_iter = kfunc('shmem_file_write_iter', function* (file: FileStruct, text: string) {
  const { data, i_rwsem } = fileOf(file);
  yield* down_write(i_rwsem);
  const before = yield* data.read();
  const position = (file.f_flags & O_APPEND) !== 0 ? before.length : yield* file.f_pos.read();
  const end = position + text.length;
  yield* data.write(before.slice(0, position).padEnd(position, '\0') + text + before.slice(end));
  yield* file.f_pos.write(end);
  yield* up_write(i_rwsem);
  return text.length;
});

const shmem_file_operations: FileOperations = {
  open: (inode, file) => shmem_file_open(inode, file),
  read: (file, size) => shmem_file_read_iter(file, size),
  write: (file, data) => shmem_file_write_iter(file, data),
};

function tmpfsDirectory(name: string, i_sb: SuperBlock): Inode {
  const i_op = shmem_dir_inode_operations;
  return { name, kind: 'directory', i_sb, i_fop: {}, i_op, i_private: new TmpfsDirectory() };
}

/** Folders that a virtme-ng guest may write to (facts: everything else is the host's, read-only). */
const WRITABLE = [
  '/tmp',
  '/run',
  '/dev/shm',
  '/root',
  '/mnt',
  '/home',
  '/opt',
  '/srv',
  '/var',
  '/etc',
  '/usr',
];

kernelInit('tmpfs', INIT.DEVICE, () => {
  for (const path of WRITABLE) {
    dcache().mount(path, (name) => tmpfsDirectory(name, dcache().superBlock('tmpfs')));
  }
});

import { O_CLOEXEC, O_RDWR, type FileOperations, type FileStruct, type Inode } from '../include/fs.ts';
import { kfunc } from '../kfunc.ts';
import { dcache } from './dcache.ts';
import { fd_install, get_unused_fd_flags, put_unused_fd } from './file.ts';
import { alloc_empty_file } from './file_table.ts';

/**
 * anon_inode_getfile() - an open file without a name in any directory.
 *
 * Return: the file with one reference, or an error below 0.
 */
export const anon_inode_getfile = kfunc(
  'anon_inode_getfile',
  function* (name: string, fops: FileOperations, priv: unknown, flags: number = O_RDWR) {
    const file: FileStruct | number = yield* alloc_empty_file(anonymousInode(name, fops), flags);
    if (typeof file !== 'number') file.private_data = priv;
    return file;
  },
);

/**
 * anon_inode_getfd() - the same with a descriptor of the current process.
 *
 * Return: the descriptor, or an error below 0; `priv` stays the caller's in that case.
 */
export const anon_inode_getfd = kfunc(
  'anon_inode_getfd',
  function* (name: string, fops: FileOperations, priv: unknown, flags: number = O_RDWR | O_CLOEXEC) {
    const fd = yield* get_unused_fd_flags(flags);
    if (fd < 0) return fd;
    const file: FileStruct | number = yield* anon_inode_getfile(name, fops, priv, flags);
    if (typeof file === 'number') {
      yield* put_unused_fd(fd);
      return file;
    }
    yield* fd_install(fd, file);
    return fd;
  },
);

function anonymousInode(name: string, i_fop: FileOperations): Inode {
  const i_sb = dcache().superBlock('anon_inodefs');
  return { name, kind: 'anonymous', i_sb, i_fop, i_op: {}, i_private: null };
}

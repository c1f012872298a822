import { ENOTDIR } from '../include/errno.ts';
import type { Inode } from '../include/fs.ts';
import { kfunc } from '../kfunc.ts';
import { filename_lookup } from './namei.ts';

/** struct kstat - what stat() tells of a file. */
export interface Kstat {
  readonly kind: Inode['kind'];
  /** Rights as `ls -l` shows them, without the kind: 0o644. */
  readonly mode: number;
  /** Bytes; 0 for what is made up when it is read. */
  readonly size: number;
  readonly ino: number;
  /** Type of the file system. */
  readonly type: string;
}

/** vfs_statx() - what a path leads to. Return: that, or an error below 0. */
export const vfs_statx = kfunc('vfs_statx', function* (path: string) {
  const inode = yield* filename_lookup(path);
  if (typeof inode === 'number') return inode;
  if (path.endsWith('/') && inode.kind !== 'directory') return -ENOTDIR;
  const size = inode.i_op.getsize === undefined ? 0 : yield* inode.i_op.getsize(inode);
  return {
    kind: inode.kind,
    mode: modeOf(inode),
    size,
    ino: inodeNumber(inode),
    type: inode.i_sb.type,
  } satisfies Kstat;
});

/** By what the file can do: nobody but root is on the machine, so that rights say no more than that. */
function modeOf({ kind, i_fop, i_sb }: Inode): number {
  if (kind === 'directory') return 0o755;
  if (kind === 'character') return 0o666;
  if (i_sb.type === 'tmpfs') return 0o644;
  return (i_fop.read === undefined ? 0 : 0o444) | (i_fop.write === undefined ? 0 : 0o200);
}

/** Made up, the same for one name on one file system. */
function inodeNumber({ name, i_sb }: Inode): number {
  let sum = 7;
  for (const letter of `${i_sb.type}/${name}`) sum = (sum * 31 + letter.charCodeAt(0)) % 999_983;
  return sum + 2;
}

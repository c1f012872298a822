import type { Call } from '../../../sim/call.ts';
import type { FileOperations, FileStruct, Inode } from '../../include/fs.ts';
import { kfunc } from '../../kfunc.ts';
import { dcache } from '../dcache.ts';

const DEBUGFS = '/sys/kernel/debug';

/**
 * Makes a debugfs file. To be called during boot, from a `kernelInit` function, with a path below
 * /sys/kernel/debug: `debugfs_create_file('oom_reap_task', fops)`.
 *
 * Leaves out: removal, so the proxies below have nothing to wait for (debugfs_file_get()).
 */
export function debugfs_create_file(path: string, fops: FileOperations, data: unknown = null): Inode {
  return dcache().file(`${DEBUGFS}/${path}`, 'regular', proxyFor(fops), data);
}

/** debugfs calls a file's operations through proxies, which show in stacks. */
function proxyFor(real: FileOperations): FileOperations {
  const { open, read, write, unlocked_ioctl, release } = real;
  return {
    open: (inode, file) => full_proxy_open(inode, file, open),
    ...(read && { read: (file, size) => full_proxy_read(file, size, read) }),
    ...(write && { write: (file, data) => full_proxy_write(file, data, write) }),
    ...(unlocked_ioctl && { unlocked_ioctl }),
    ...(release && { release: (file) => full_proxy_release(file, release) }),
  };
}

const full_proxy_open = kfunc(
  'full_proxy_open',
  function* (inode: Inode, file: FileStruct, open: FileOperations['open']) {
    file.private_data = inode.i_private;
    return open === undefined ? 0 : yield* open(inode, file);
  },
);

const full_proxy_read = kfunc(
  'full_proxy_read',
  function* (
    file: FileStruct,
    size: number,
    read: (file: FileStruct, size: number) => Call<string | number>,
  ) {
    return yield* read(file, size);
  },
);

/** full_proxy_write() - hand a write on to the file's own operation. */
export const full_proxy_write = kfunc(
  'full_proxy_write',
  function* (file: FileStruct, data: string, write: (file: FileStruct, data: string) => Call<number>) {
    return yield* write(file, data);
  },
);

const full_proxy_release = kfunc(
  'full_proxy_release',
  function* (file: FileStruct, release: (file: FileStruct) => Call<unknown>) {
    yield* release(file);
  },
);

/** A whole number as kstrtoint() reads it: decimal, hexadecimal or octal, a newline at the end is fine. */
export function kstrtoint(text: string): number {
  const word = text.endsWith('\n') ? text.slice(0, -1) : text;
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.exec(word);
  if (match === null) return Number.NaN;
  const digits = match[2];
  const octal = /^0[0-7]+$/.test(digits);
  const value = octal ? Number.parseInt(digits, 8) : Number(digits);
  if (value > 0x7fffffff) return Number.NaN;
  return match[1] === '-' ? -value : value;
}

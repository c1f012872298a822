import type { Call } from '../../../sim/call.ts';
import { runningTask } from '../../../sim/machine-in-force.ts';
import type { FileOperations, FileStruct } from '../../include/fs.ts';
import { kfunc } from '../../kfunc.ts';
import { lock_acquire, lock_release, LockdepMap } from '../../kernel/locking/lockdep.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../../kernel/locking/mutex.ts';
import { thisFunction } from '../../stack.ts';
import { singleFile } from '../seq_file.ts';

/** What a file of a kernfs (sysfs, cgroup2) does. */
export interface KernfsOps {
  readonly show?: (file: FileStruct) => Call<string>;
  /** Returns the length of the write or an error below 0. */
  readonly write?: (file: FileStruct, data: string) => Call<number>;
}

/** struct kernfs_open_file - one open of a file; writes through it go one at a time. */
interface KernfsOpenFile {
  readonly mutex: Mutex;
  /** Keeps the file from being removed while it is in use: only lockdep hears of it. */
  readonly active: LockdepMap;
}

/** The operations of a kernfs file. */
export function kernfs_file({ show, write }: KernfsOps, activeClass = 'kn->active#58'): FileOperations {
  const base: FileOperations = {
    open: (_inode, file) => kernfs_fop_open(file, activeClass),
    ...(write && { write: (file, data) => kernfs_fop_write_iter(file, data, write) }),
  };
  return show === undefined ? base : singleFile(show, base);
}

const kernfs_fop_open = kfunc('kernfs_fop_open', function* (file: FileStruct, activeClass: string) {
  file.private_data = {
    mutex: new Mutex('&of->mutex', file.memory),
    active: new LockdepMap(activeClass, {}, file.memory, 'percpu'),
  } satisfies KernfsOpenFile;
  return 0;
});

/** kernfs_fop_write_iter() - hand a write on to the file's owner. */
export const kernfs_fop_write_iter = kfunc(
  'kernfs_fop_write_iter',
  function* (file: FileStruct, data: string, write: (file: FileStruct, data: string) => Call<number>) {
    const open = file.private_data as KernfsOpenFile;
    yield* mutex_lock(open.mutex);
    const ip = thisFunction(runningTask());
    lock_acquire({ map: open.active, subclass: 0, trylock: true, read: 1, ip });
    const written = yield* write(file, data);
    lock_release(open.active);
    yield* mutex_unlock(open.mutex);
    return written;
  },
);

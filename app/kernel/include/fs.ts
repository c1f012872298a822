import type { Call } from '../../sim/call.ts';
import type { Memory } from '../../sim/memory.ts';
import type { LockdepMap } from '../kernel/locking/lockdep.ts';
import { Mutex } from '../kernel/locking/mutex.ts';
import { Struct } from '../struct.ts';
import { Atomic } from './atomic.ts';

/** Flags of open(). */
export const O_RDONLY = 0o0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_ACCMODE = 0o3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_NONBLOCK = 0o4000;
export const O_APPEND = 0o2000;
export const O_CLOEXEC = 0o2000000;

/** Bits of `f_mode`. */
export const FMODE_READ = 0x1;
export const FMODE_WRITE = 0x2;
export const FMODE_ATOMIC_POS = 0x8000;

/**
 * struct file_operations - what a kind of file can do. Numbers below 0 are errors, as in C. Data is text
 * where the C has bytes: the model's files hold nothing else.
 */
export interface FileOperations {
  readonly open?: (inode: Inode, file: FileStruct) => Call<number>;
  /** Up to `size` characters from `file.f_pos` on, which it moves; '' at the end of the file. */
  readonly read?: (file: FileStruct, size: number) => Call<string | number>;
  /** Returns how many characters it took. */
  readonly write?: (file: FileStruct, data: string) => Call<number>;
  readonly unlocked_ioctl?: (file: FileStruct, cmd: string, arg: unknown) => Call<number>;
  /** Called by __fput() when the last reference is gone. */
  readonly release?: (file: FileStruct) => Call<unknown>;
}

/** struct super_block - one mounted file system. */
export interface SuperBlock {
  /** As /proc/mounts has it: `debugfs`, `cgroup2`. */
  readonly type: string;
  /** "Somebody writes here": only lockdep ever hears of it, as nothing in the model freezes a file system. */
  readonly s_writers: LockdepMap;
}

export type InodeKind = 'regular' | 'directory' | 'character' | 'fifo' | 'anonymous';

/** struct inode_operations, of a directory. Without an operation the directory refuses what it stands for. */
export interface InodeOperations {
  readonly lookup?: (dir: Inode, name: string) => Call<Inode | null>;
  readonly create?: (dir: Inode, name: string) => Call<Inode | number>;
  readonly mkdir?: (dir: Inode, name: string) => Call<number>;
  readonly rmdir?: (dir: Inode, name: string) => Call<number>;
  readonly unlink?: (dir: Inode, name: string) => Call<number>;
  /** Moves `name` of `dir` to another directory of the file system, over what stands there. */
  readonly rename?: (dir: Inode, name: string, to: Inode, newName: string) => Call<number>;
  /** Bytes in a file. */
  readonly getsize?: (inode: Inode) => Call<number>;
  /** Names in the directory, in the order in which it lists them. */
  readonly iterate?: (dir: Inode) => Call<readonly string[]>;
}

/** struct inode, and the directory entry that leads to it: the model has no hard links. */
export interface Inode {
  readonly name: string;
  readonly kind: InodeKind;
  readonly i_sb: SuperBlock;
  readonly i_fop: FileOperations;
  readonly i_op: InodeOperations;
  /** What the creator of the file stored with it. */
  readonly i_private: unknown;
}

/** struct file - an open file. Descriptors of several processes may refer to one. */
export class FileStruct extends Struct {
  /** References: descriptors, and system calls that are using the file. The last fput() releases it. */
  readonly f_count: Atomic;
  /** Position. With f_count above 1 it is used under f_pos_lock. */
  readonly f_pos = this.field('f_pos', 0);
  readonly f_pos_lock: Mutex;
  /** Set by open(), before anybody else can see the file, as are the following; read-only afterwards. */
  private_data: unknown = null;
  /** The text of a generated file, from its first read on. Goes with f_pos. */
  seq_text: string | null = null;
  f_op!: FileOperations;
  f_inode!: Inode;
  /** By what path it was opened; '' for what has none. */
  f_path = '';
  f_flags = 0;
  f_mode = 0;

  constructor(memory: Memory) {
    super(memory);
    this.f_count = new Atomic('f_count', 1, memory);
    this.f_pos_lock = new Mutex('&f->f_pos_lock', memory);
  }
}

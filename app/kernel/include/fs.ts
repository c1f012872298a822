import type { Call } from '../../sim/call.ts';
import type { Memory } from '../../sim/memory.ts';
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
  open?(inode: Inode, file: FileStruct): Call<number>;
  /** Up to `size` characters from `file.f_pos` on, which it moves; '' at the end of the file. */
  read?(file: FileStruct, size: number): Call<string | number>;
  /** Returns how many characters it took. */
  write?(file: FileStruct, data: string): Call<number>;
  unlocked_ioctl?(file: FileStruct, cmd: string, arg: unknown): Call<number>;
  /** Called by __fput() when the last reference is gone. */
  release?(file: FileStruct): Call<unknown>;
}

/** struct super_block - one mounted file system. */
export interface SuperBlock {
  /** As /proc/mounts has it: `debugfs`, `cgroup2`. */
  readonly type: string;
  /** Its lock class of "somebody writes", as lockdep numbers them in order of first use: `sb_writers#8`. */
  readonly s_writers: string;
}

/** struct inode, and the directory entry that leads to it: the model has no hard links. */
export interface Inode {
  readonly name: string;
  readonly kind: 'regular' | 'directory' | 'character' | 'fifo' | 'anonymous';
  readonly i_sb: SuperBlock;
  readonly i_fop: FileOperations;
  i_private: unknown;
}

/** struct file - an open file. Descriptors of several processes may refer to one. */
export class FileStruct extends Struct {
  /** References: descriptors, and system calls that are using the file. The last fput() releases it. */
  readonly f_count: Atomic;
  /** Position. With f_count above 1 it is used under f_pos_lock. */
  readonly f_pos = this.field('f_pos', 0);
  readonly f_pos_lock: Mutex;
  /** Set by open() before anybody else can see the file; read-only afterwards. */
  private_data: unknown = null;
  f_op: FileOperations;
  f_inode: Inode;
  f_flags = 0;
  f_mode = 0;

  constructor(memory: Memory, inode: Inode) {
    super(memory);
    this.f_count = new Atomic('f_count', 1, memory);
    this.f_pos_lock = new Mutex('&f->f_pos_lock', memory);
    this.f_op = inode.i_fop;
    this.f_inode = inode;
  }
}

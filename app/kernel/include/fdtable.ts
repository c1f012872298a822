import { Cell } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import { Spinlock } from '../kernel/locking/spinlock.ts';
import { Struct } from '../struct.ts';
import { Atomic } from './atomic.ts';
import type { FileStruct } from './fs.ts';

/** struct files_struct - a table of open files, shared by the threads of a process. */
export class FilesStruct extends Struct {
  /** Tasks that share the table. With 1, a system call needs no reference of its own to a file. */
  readonly count: Atomic;
  /** Guards changes of the table; lookups go without it, under RCU. */
  readonly file_lock: Spinlock;
  /** Descriptor -> file. The array grows only; what is in a slot changes under file_lock. */
  readonly fd: Cell<FileStruct | null>[] = [];
  /** Descriptors that are taken, also those whose slot is still empty. Under file_lock. */
  readonly open_fds = new Set<number>();
  /** Descriptors that exec closes. Under file_lock. */
  readonly close_on_exec = new Set<number>();

  constructor(memory: Memory) {
    super(memory);
    this.count = new Atomic('count', 1, memory);
    this.file_lock = new Spinlock('&newf->file_lock', memory);
  }

  /** The slot of a descriptor, made when the table first grows to it. */
  slot(fd: number): Cell<FileStruct | null> {
    for (let next = this.fd.length; next <= fd; next++) {
      this.fd.push(new Cell<FileStruct | null>(null, `fd[${next}]`, this.memory));
    }
    return this.fd[fd];
  }
}

import type { Body } from '../../sim/call.ts';
import type { Memory } from '../../sim/memory.ts';
import { ENFILE, EPIPE } from '../include/errno.ts';
import {
  FMODE_WRITE,
  O_RDONLY,
  O_WRONLY,
  type FileOperations,
  type FileStruct,
  type Inode,
} from '../include/fs.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { current } from '../include/sched.ts';
import { SIGPIPE } from '../include/signal.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc } from '../kfunc.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { wait_event_interruptible, wake_up_interruptible_all, WaitQueueHead } from '../kernel/sched/wait.ts';
import { send_sig } from '../kernel/signal.ts';
import { kfree, kzalloc } from '../mm/slab.ts';
import { Struct } from '../struct.ts';
import { dcache } from './dcache.ts';
import { fd_install, get_unused_fd_flags, put_unused_fd } from './file.ts';
import { alloc_empty_file, fput } from './file_table.ts';
import { READ_ONCE } from '../include/rwonce.ts';

/** What a pipe holds: 16 pages. */
const PIPE_SIZE = 65536;

/** struct pipe_inode_info - a pipe: what was written and not read yet. */
export class PipeInodeInfo extends Struct {
  /** Guards the rest, except for looks of those who wait. */
  readonly mutex: Mutex;
  readonly rd_wait: WaitQueueHead;
  readonly wr_wait: WaitQueueHead;
  readonly data = this.field('bufs', '');
  readonly readers = this.field('readers', 1);
  readonly writers = this.field('writers', 1);

  constructor(memory: Memory) {
    super(memory);
    this.mutex = new Mutex('&pipe->mutex', memory);
    this.rd_wait = new WaitQueueHead('&pipe->rd_wait', memory);
    this.wr_wait = new WaitQueueHead('&pipe->wr_wait', memory);
  }
}

/** Numbers of pipes, as /proc/<pid>/fd shows them. */
const pipes = kernelGlobal('pipe_inodes', () => ({ made: 0 }));
const FIRST_PIPE = 10_001;

const pipeOf = (file: FileStruct): PipeInodeInfo => file.private_data as PipeInodeInfo;

/**
 * pipe_read() - take what is in the pipe; wait if there is nothing and somebody may still write.
 *
 * Context: takes pipe->mutex; sleeps interruptibly without it.
 * Return: the text, '' once all writers are gone, or -ERESTARTSYS.
 */
export const pipe_read = kfunc('pipe_read', function* (file: FileStruct, size: number) {
  const pipe = pipeOf(file);
  for (;;) {
    yield* mutex_lock(pipe.mutex);
    const data = yield* pipe.data.read();
    const writers = yield* pipe.writers.read();
    if (data !== '') {
      yield* pipe.data.write(data.slice(size));
      yield* mutex_unlock(pipe.mutex);
      if (data.length === PIPE_SIZE) yield* wake_up_interruptible_all(pipe.wr_wait);
      return data.slice(0, size);
    }
    yield* mutex_unlock(pipe.mutex);
    if (writers === 0) return '';
    const error = yield* wait_event_interruptible(pipe.rd_wait, () => pipe_readable(pipe));
    if (error !== 0) return error;
  }
});

function* pipe_readable(pipe: PipeInodeInfo): Body<boolean> {
  return (yield* READ_ONCE(pipe.data)) !== '' || (yield* READ_ONCE(pipe.writers)) === 0;
}

/**
 * pipe_write() - append to the pipe; wait while it is full.
 *
 * Context: takes pipe->mutex; sleeps interruptibly without it.
 * Return: how much was written; without readers -EPIPE, and SIGPIPE.
 */
export const pipe_write = kfunc('pipe_write', function* (file: FileStruct, text: string) {
  const pipe = pipeOf(file);
  let written = 0;
  for (;;) {
    yield* mutex_lock(pipe.mutex);
    if ((yield* pipe.readers.read()) === 0) {
      yield* mutex_unlock(pipe.mutex);
      yield* send_sig(SIGPIPE, current());
      return written > 0 ? written : -EPIPE;
    }
    const data = yield* pipe.data.read();
    const part = text.slice(written, written + PIPE_SIZE - data.length);
    if (part !== '') yield* pipe.data.write(data + part);
    yield* mutex_unlock(pipe.mutex);
    written += part.length;
    if (data === '' && part !== '') yield* wake_up_interruptible_all(pipe.rd_wait);
    if (written === text.length) return written;
    const error = yield* wait_event_interruptible(pipe.wr_wait, () => pipe_writable(pipe));
    if (error !== 0) return written > 0 ? written : error;
  }
});

function* pipe_writable(pipe: PipeInodeInfo): Body<boolean> {
  return (yield* READ_ONCE(pipe.data)).length < PIPE_SIZE || (yield* READ_ONCE(pipe.readers)) === 0;
}

/** pipe_release() - one end is closed; the other learns of it, the last one frees the pipe. */
export const pipe_release = kfunc('pipe_release', function* (file: FileStruct) {
  const pipe = pipeOf(file);
  const end = (file.f_mode & FMODE_WRITE) !== 0 ? pipe.writers : pipe.readers;
  const other = end === pipe.writers ? pipe.readers : pipe.writers;
  yield* mutex_lock(pipe.mutex);
  const mine = (yield* end.read()) - 1;
  yield* end.write(mine);
  const last = mine === 0 && (yield* other.read()) === 0;
  yield* mutex_unlock(pipe.mutex);
  if (last) {
    yield* kfree(pipe);
    return;
  }
  yield* wake_up_interruptible_all(pipe.rd_wait);
  yield* wake_up_interruptible_all(pipe.wr_wait);
});

const pipefifo_fops: FileOperations = {
  read: (file, size) => pipe_read(file, size),
  write: (file, data) => pipe_write(file, data),
  release: (file) => pipe_release(file),
};

/**
 * do_pipe2() - a pipe with a descriptor for each end.
 *
 * Return: the descriptors for reading and writing, or an error below 0.
 */
export const do_pipe2 = kfunc('do_pipe2', function* () {
  const pipe = yield* kzalloc(PipeInodeInfo, GFP_KERNEL, { label: 'pipe', size: 168 });
  if (pipe === null) return -ENFILE;
  const inode: Inode = {
    ...{
      name: `pipe:[${FIRST_PIPE + pipes().made++}]`,
      kind: 'fifo',
      i_sb: dcache().superBlock('pipefs'),
      i_fop: pipefifo_fops,
    },
    ...{ i_op: {}, i_private: pipe },
  };
  const ends: FileStruct[] = [];
  const fds: number[] = [];
  for (const flags of [O_RDONLY, O_WRONLY]) {
    const file: FileStruct | number = yield* alloc_empty_file(inode, flags);
    if (typeof file === 'number') return yield* undo(file, ends, fds);
    file.private_data = pipe;
    ends.push(file);
    const fd = yield* get_unused_fd_flags(0);
    if (fd < 0) return yield* undo(fd, ends, fds);
    fds.push(fd);
  }
  for (const [i, fd] of fds.entries()) yield* fd_install(fd, ends[i]);
  return [fds[0], fds[1]] as const;
});

function* undo(error: number, files: readonly FileStruct[], fds: readonly number[]): Body<number> {
  for (const fd of fds) yield* put_unused_fd(fd);
  for (const file of files) yield* fput(file);
  return error;
}

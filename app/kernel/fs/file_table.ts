import { atomic_dec_and_test, atomic_inc } from '../include/atomic.ts';
import type { FileStruct, Inode } from '../include/fs.ts';
import {
  FileStruct as File,
  FMODE_ATOMIC_POS,
  FMODE_READ,
  FMODE_WRITE,
  O_ACCMODE,
  O_WRONLY,
} from '../include/fs.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { current, PF_KTHREAD } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc } from '../kfunc.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import { task_work_add } from '../kernel/task_work.ts';
import { DelayedWork, INIT_DELAYED_WORK, queue_delayed_work, system_wq } from '../kernel/workqueue.ts';
import { kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from '../mm/slab.ts';
import { reserve } from '../struct.ts';
import { Effect } from '../../sim/operation.ts';
import { SimObject } from '../../sim/object.ts';
import { ENFILE } from '../include/errno.ts';

/**
 * alloc_empty_file() - an open file with one reference, not yet in any table.
 *
 * Return: the file, or -ENFILE.
 * Models: fs/file_table.c. Leaves out: the limit on open files, and credentials.
 */
export const alloc_empty_file = kfunc('alloc_empty_file', function* (inode: Inode, flags: number) {
  const file = yield* kmem_cache_alloc(filp_cachep, File, GFP_KERNEL, 'file');
  if (file === null) return -ENFILE;
  file.f_inode = inode;
  file.f_op = inode.i_fop;
  file.f_flags = flags;
  file.f_mode = modeOf(flags) | (inode.kind === 'regular' ? FMODE_ATOMIC_POS : 0);
  return file;
});

/** get_file() - one more reference, for somebody who has one. */
export const get_file = kfunc(
  'get_file',
  function* (file: FileStruct) {
    yield* atomic_inc(file.f_count);
    return file;
  },
  { inlined: true },
);

/**
 * fput() - drop a reference; the last one releases the file, but not here.
 *
 * Context: any, also atomic. The release runs when the task returns to user space or exits; a task that
 * has no way back (a kernel thread, a task past its own task work) leaves it to a worker, a tick later.
 * Models: fs/file_table.c as of v6.12.
 */
export const fput = kfunc('fput', function* (file: FileStruct) {
  if (!(yield* atomic_dec_and_test(file.f_count))) return;
  const task = current();
  if ((task.preempt_count & IN_INTERRUPT) === 0 && (task.flags & PF_KTHREAD) === 0) {
    if ((yield* task_work_add(task, { func: () => ____fput(file) })) === 0) return;
  }
  const delayed = delayed_fput();
  if (yield* delayed.push(file)) yield* queue_delayed_work(system_wq(), delayed.work, 1);
});

/**
 * __fput_sync() - drop a reference and release the file at once if it was the last.
 *
 * Context: close(), which is about to return to user space anyway. May sleep.
 */
export const __fput_sync = kfunc(
  '__fput_sync',
  function* (file: FileStruct) {
    if (yield* atomic_dec_and_test(file.f_count)) yield* __fput(file);
  },
  { inlined: true },
);

/** ____fput() - the task work of fput(). Ends in a jump to __fput(): no stack shows it. */
export const ____fput = kfunc(
  '____fput',
  function* (file: FileStruct) {
    yield* __fput(file);
  },
  { inlined: true },
);

/**
 * __fput() - the end of an open file.
 *
 * Context: process context, may sleep. Nobody else refers to the file any more.
 * Models: fs/file_table.c. Leaves out: notification, leases, epoll, the path's references.
 */
export const __fput = kfunc('__fput', function* (file: FileStruct) {
  might_sleep('fs/file_table.c', 418);
  if (file.f_op.release !== undefined) yield* file.f_op.release(file);
  yield* file_free(file);
});

/** file_free() - give the memory of a file back. */
export const file_free = kfunc(
  'file_free',
  function* (file: FileStruct) {
    yield* kmem_cache_free(filp_cachep, file);
  },
  { inlined: true },
);

/** delayed_fput() - the worker's side of fput(): releases what was left to it. */
const delayed_fput_fn = kfunc('delayed_fput', function* () {
  for (const file of yield* delayed_fput().takeAll()) yield* __fput(file);
});

/** The lock-less list of files that wait for a worker. */
class DelayedFput extends SimObject {
  private files: FileStruct[] = [];
  readonly work = new DelayedWork('delayed_fput_work', reserve('global', 'delayed_fput_work', 96));

  constructor() {
    super(null);
    INIT_DELAYED_WORK(this.work, () => delayed_fput_fn());
  }

  override get name(): string {
    return 'delayed_fput_list';
  }

  /** llist_add(): true if the list was empty. */
  push(file: FileStruct): Effect<boolean> {
    return new Effect('rmw', this, 'write', () => this.files.push(file) === 1);
  }

  /** llist_del_all(), newest first. */
  takeAll(): Effect<readonly FileStruct[]> {
    return new Effect('rmw', this, 'write', () => {
      const all = this.files.reverse();
      this.files = [];
      return all;
    });
  }
}

const delayed_fput = kernelGlobal('delayed_fput_list', () => new DelayedFput());

const filp_cachep = kmem_cache_create('filp', 232);

/** Hard and soft interrupt bits of preempt_count(). */
const IN_INTERRUPT = 0xfff00;

function modeOf(flags: number): number {
  const access = flags & O_ACCMODE;
  if (access === O_WRONLY) return FMODE_WRITE;
  return access === 0 ? FMODE_READ : FMODE_READ | FMODE_WRITE;
}

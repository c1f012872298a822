import { dcache } from '../../fs/dcache.ts';
import type { FileStruct } from '../../include/fs.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { kfunc } from '../../kfunc.ts';
import { debug_show_all_locks } from '../../kernel/locking/lockdep.ts';
import { panic } from '../../kernel/panic.ts';
import { INIT_WORK, schedule_work, Work } from '../../kernel/workqueue.ts';
import { kernelGlobal } from '../../globals.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/locking/mutex.ts';
import { GFP_KERNEL } from '../../include/gfp.ts';
import { oom_lock, OomControl, out_of_memory } from '../../mm/oom_kill.ts';
import { pr_info } from '../../printk.ts';
import { reserve } from '../../struct.ts';

/**
 * write_sysrq_trigger() - the write side of /proc/sysrq-trigger: the first character is the key.
 *
 * Models: drivers/tty/sysrq.c. Knows `c` (crash), `d` (all locks) and `f` (OOM kill); says so for others.
 */
export const write_sysrq_trigger = kfunc('write_sysrq_trigger', function* (_file: FileStruct, data: string) {
  if (data.length > 0) yield* __handle_sysrq(data[0]);
  return data.length;
});

/** __handle_sysrq() - do what a key stands for. */
export const __handle_sysrq = kfunc('__handle_sysrq', function* (key: string) {
  switch (key) {
    case 'c':
      pr_info('sysrq: Trigger a crash');
      panic('sysrq triggered crash');
      return;
    case 'd':
      pr_info('sysrq: Show Locks Held');
      debug_show_all_locks();
      return;
    case 'f':
      pr_info('sysrq: Manual OOM execution');
      yield* schedule_work(moom_work());
      return;
    default:
      pr_info('sysrq: HELP : crash(c) show-all-locks(d) terminate-all-tasks(e) memory-full-oom-kill(f) ');
  }
});

/** moom_callback() - kill one process for want of memory, as if memory had run out. */
const moom_callback = kfunc('moom_callback', function* () {
  yield* mutex_lock(oom_lock());
  const killed = yield* out_of_memory(new OomControl(null, GFP_KERNEL, -1));
  if (!killed) pr_info('OOM request ignored. No task eligible');
  yield* mutex_unlock(oom_lock());
});

/** The key `f` is only heard here: a worker kills, as the killer may sleep and a keyboard may not. */
const moom_work = kernelGlobal('moom_work', () => {
  const work = new Work('moom_work', reserve('global', 'moom_work', 32));
  INIT_WORK(work, () => moom_callback());
  return work;
});

kernelInit('sysrq', INIT.DEVICE, () => {
  dcache().file('/proc/sysrq-trigger', 'regular', {
    write: (file, data) => write_sysrq_trigger(file, data),
  });
});

import type { Body } from '../../../sim/call.ts';
import { dcache } from '../../fs/dcache.ts';
import { allTasks, stateOf } from '../../fs/proc/tasks.ts';
import { rcu_dereference } from '../../include/rwonce.ts';
import { current } from '../../include/sched.ts';
import { SIGKILL, SIGTERM } from '../../include/signal.ts';
import { init_task_tasks } from '../../kernel/pid.ts';
import { kernel_power_off, kernel_restart } from '../../kernel/reboot.ts';
import { sched_show_task } from '../../kernel/sched/core.ts';
import { send_sig } from '../../kernel/signal.ts';
import { set_sysctl } from '../../kernel/sysctl.ts';
import { global_trace } from '../../kernel/trace/trace_array.ts';
import { traceText } from '../../kernel/trace/trace_output.ts';
import { show_mem } from '../../mm/oom_dump.ts';
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
 * Models: drivers/tty/sysrq.c. Knows the keys that its help names, which other keys show.
 */
export const write_sysrq_trigger = kfunc('write_sysrq_trigger', function* (_file: FileStruct, data: string) {
  if (data.length > 0) yield* __handle_sysrq(data[0]);
  return data.length;
});

const HELP = [
  ...['loglevel(0-9)', 'reboot(b)', 'crash(c)', 'show-all-locks(d)', 'terminate-all-tasks(e)'],
  ...['memory-full-oom-kill(f)', 'kill-all-tasks(i)', 'show-memory-usage(m)', 'poweroff(o)', 'sync(s)'],
  ...['show-task-states(t)', 'show-blocked-tasks(w)', 'dump-ftrace-buffer(z)'],
].join(' ');

/** __handle_sysrq() - do what a key stands for. */
export const __handle_sysrq = kfunc('__handle_sysrq', function* (key: string) {
  switch (key) {
    case 'b':
      yield* kernel_restart();
      return;
    case 'c':
      pr_info('sysrq: Trigger a crash');
      panic('sysrq triggered crash');
      return;
    case 'd':
      pr_info('sysrq: Show Locks Held');
      debug_show_all_locks();
      return;
    case 'e':
      pr_info('sysrq: Terminate All Tasks');
      yield* send_sig_all(SIGTERM);
      return;
    case 'f':
      pr_info('sysrq: Manual OOM execution');
      yield* schedule_work(moom_work());
      return;
    case 'i':
      pr_info('sysrq: Kill All Tasks');
      yield* send_sig_all(SIGKILL);
      return;
    case 'm':
      pr_info('sysrq: Show Memory');
      show_mem();
      return;
    case 'o':
      pr_info('sysrq: Power Off');
      yield* kernel_power_off();
      return;
    case 's':
      pr_info('sysrq: Emergency Sync');
      pr_info('Emergency Sync complete');
      return;
    case 't':
      pr_info('sysrq: Show State');
      for (const task of yield* allTasks()) sched_show_task(task);
      return;
    case 'w':
      pr_info('sysrq: Show Blocked State');
      for (const task of yield* allTasks()) if (stateOf(task)[0] === 'D') sched_show_task(task);
      return;
    case 'z':
      pr_info('sysrq: Dump ftrace buffer');
      ftrace_dump();
      return;
    default:
      if (/^\d$/.test(key)) {
        pr_info(`sysrq: Changing Loglevel`);
        pr_info(`sysrq: Loglevel set to ${key}`);
        yield* set_sysctl('kernel.printk', Number(key));
      } else pr_info(`sysrq: HELP : ${HELP} `);
  }
});

/** send_sig_all() - to every process but init and the one that asks. */
function* send_sig_all(sig: number): Body<void> {
  for (const task of yield* rcu_dereference(init_task_tasks())) {
    if (task.tgid !== 1 && task.tgid !== current().tgid) yield* send_sig(sig, task);
  }
}

/** ftrace_dump() (plain) - the trace buffer into the log, as on an oops. */
function ftrace_dump(): void {
  const trace = global_trace();
  pr_info('Dumping ftrace buffer:');
  if (trace.empty) pr_info('   (ftrace buffer empty)');
  else {
    pr_info('---------------------------------');
    const lines = traceText(trace, trace.buffers)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) pr_info(line);
    pr_info('---------------------------------');
  }
}

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

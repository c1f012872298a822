import type { Checker } from '../checker.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { config } from '../kernel.ts';
import { hung_task_init } from '../kernel/hung_task.ts';
import { timed } from '../kernel/time/jiffies.ts';

const enabled: Checker['enabled'] = (config) => config.DETECT_HUNG_TASK;

/**
 * DETECT_HUNG_TASK: tasks in state D for longer than kernel.hung_task_timeout_secs. It is a kernel thread that
 * looks at the others (kernel/hung_task.ts), and exists in timed runs only. Does not see killable and idle waits,
 * nor waits for rtlocks.
 */
export const hung_task: Checker = { name: 'DETECT_HUNG_TASK', enabled, attach() {} };

kernelInit('hung_task_init', INIT.SUBSYS, () => {
  if (enabled(config()) && timed()) hung_task_init();
});

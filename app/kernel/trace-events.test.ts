import { expect, test } from 'vitest';
import { ns } from '../base/brand.ts';
import { current } from './include/sched.ts';
import { bootForTest, runTasks } from './testing/boot.ts';
import { formatTraceEvent, trace_event } from './trace-events.ts';

test('an event is recorded if it is enabled, with the columns of a trace file', () => {
  const kernel = bootForTest({ config: { PREEMPT_RT: true } });
  let asked = 0;
  runTasks(kernel, {
    *worker() {
      Object.assign(current(), {
        comm: 'kworker/0:0',
        pid: 9,
        softirq_disable_cnt: 1,
        migration_disabled: 2,
      });
      kernel.machine.now = ns(23_755_086_000);
      trace_event('oom', 'mark_victim', () => `pid=${asked++}`);
      kernel.tracing.enable('oom:*');
      trace_event('oom', 'mark_victim', () => `pid=${asked++}`);
      trace_event('mmap', 'exit_mmap', 'mt_mod');
      kernel.tracing.disable('oom:*');
      trace_event('oom', 'mark_victim', 'pid=2');
    },
  });
  expect(asked).toBe(1);
  expect(kernel.tracing.events.map(formatTraceEvent)).toEqual([
    '     kworker/0:0-9       [000] b...2    23.755086: mark_victim: pid=0',
  ]);
});

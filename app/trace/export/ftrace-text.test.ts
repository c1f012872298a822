import { expect, test } from 'vitest';
import { formatFtrace } from './ftrace-text.ts';

test('a trace is laid out as tracefs lays it out', () => {
  const events = [
    {
      time: 22_605_011_000,
      cpu: 1,
      comm: 'seq',
      pid: 66,
      flags: '.....',
      name: 'exit_mmap',
      text: 'mt_mod 00000000751cbfbe, DESTROY',
    },
    {
      time: 23_755_086_999,
      cpu: 0,
      comm: 'kworker/0:0',
      pid: 9,
      flags: 'b...2',
      name: 'mark_victim',
      text: 'pid=67',
    },
  ];
  // Header and columns as in a capture of Linux 6.12.
  expect(formatFtrace(events, 2)).toBe(`# tracer: nop
#
# entries-in-buffer/entries-written: 2/2   #P:2
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
             seq-66      [001] .....    22.605011: exit_mmap: mt_mod 00000000751cbfbe, DESTROY
     kworker/0:0-9       [000] b...2    23.755086: mark_victim: pid=67
`);
});

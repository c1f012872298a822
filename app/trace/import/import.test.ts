import { expect, test } from 'vitest';
import { NO_STEP, type TraceData } from '../store/trace-data.ts';
import { toChromeJson } from '../export/chrome-json.ts';
import { ImportError } from './import-error.ts';
import { importTrace } from './import.ts';

/** Slices of a trace as text: `track: name start-end`, in microseconds from the start. */
function slicesOf({ tracks, slices, strings, startNs }: TraceData): string[] {
  const names = new Map(
    tracks.map(({ id, name, parent }) => [
      id,
      parent === null ? name : `${tracks.find((each) => each.id === parent)?.name ?? ''} ${name}`,
    ]),
  );
  const us = (ns: number) => Math.round((ns - startNs) / 1000);
  return Array.from(slices.track, (track, i) => {
    return `${names.get(track) ?? ''}: ${strings[slices.name[i]]} ${us(slices.startNs[i])}-${us(slices.endNs[i])}`;
  });
}

const instantsOf = ({ instants, strings }: TraceData): string[] =>
  Array.from(instants.track, (_track, i) =>
    `${strings[instants.name[i]]} ${strings[instants.detail[i]]}`.trim(),
  );

// As the file `trace` of tracefs has it, with scheduler events. Names may hold blanks, dashes and digits.
const SCHEDULED = `# tracer: nop
#
# entries-in-buffer/entries-written: 7/9   #P:2
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
CPU:1 [LOST 2 EVENTS]
          memhog-70      [001] d..2.    10.000000: sched_waking: comm=oom_reaper pid=38 prio=120 target_cpu=000
          <idle>-0       [000] d..2.    10.000100: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=oom_reaper next_pid=38 next_prio=120
      oom_reaper-38      [000] .....    10.000150: start_task_reaping: pid=70
 my-task 7-12-71      [001] .....    10.000200: mark_victim: pid=70 comm=memhog total-vm=1kB
      oom_reaper-38      [000] .....    10.000400: finish_task_reaping: pid=70
      oom_reaper-38      [000] d..2.    10.000500: sched_switch: prev_comm=oom_reaper prev_pid=38 prev_prio=120 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120
      oom_reaper-38      [000] .....    10.000600: function_name <-caller_name
`;

test('a trace of tracefs has lanes for CPUs and tasks, spans and wake-ups', () => {
  const trace = importTrace(SCHEDULED, 'trace.txt');
  expect(trace.title).toBe('trace.txt (2 events lost)');
  expect(trace.tracks.filter(({ kind }) => kind === 'cpu').map(({ name }) => name)).toEqual(['CPU0', 'CPU1']);
  expect(trace.tracks.filter(({ kind }) => kind === 'process').map(({ name }) => name)).toEqual([
    'memhog/70',
    'oom_reaper/38',
    'my-task 7-12/71',
  ]);
  expect(slicesOf(trace)).toEqual([
    'oom_reaper/38 state: runnable 0-100',
    'CPUs CPU0: oom_reaper/38 100-500',
    'oom_reaper/38 state: running 100-500',
    'oom_reaper/38 spans: reap pid=70 150-400',
    'oom_reaper/38 state: sleeping 500-600',
  ]);
  expect(instantsOf(trace)).toContain('mark_victim pid=70 comm=memhog total-vm=1kB');
  expect(instantsOf(trace)).toContain('function function_name <-caller_name');
  expect(trace.flows.kind).toHaveLength(1);
  expect(trace.slices.step[0]).toBe(NO_STEP);
});

test('without scheduler events a CPU shows who was seen on it', () => {
  const trace = importTrace(
    `# tracer: nop
           mkdir-65      [000] .....    11.005888: exit_mmap: mt_mod 00000000e7bf42e1, DESTROY
           mkdir-65      [000] .....    11.006696: sched_process_exit: comm=mkdir pid=65 prio=120
     ksoftirqd/0-16      [000] ..s.3    35.156758: wake_reaper: pid=70
`,
    'trace.txt',
  );
  expect(slicesOf(trace)).toEqual([
    'CPUs CPU0: mkdir/65 0-808',
    'CPUs CPU0: ksoftirqd/0/16 24150870-24150870',
  ]);
});

test('what trace-cmd report prints is read as well', () => {
  const trace = importTrace(
    `cpus=2
            bash-123   [000]    10.000001: sched_switch:         bash:123 [120] S ==> swapper/0:0 [120]
            bash-123   [000] d..2.    10.000003500: wake_reaper:         pid=70
`,
    'report.txt',
  );
  expect(instantsOf(trace)).toEqual([
    'sched_switch bash:123 [120] S ==> swapper/0:0 [120]',
    'wake_reaper pid=70',
  ]);
});

test('a function graph with times has calls inside each other', () => {
  const trace = importTrace(
    `# tracer: function_graph
#
#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS
   25.000000 |   0)     sh-63      | ! 191.726 us  |    }
   25.000010 |   0)     sh-63      |               |  unmap_page_range() {
   25.000020 |   0)     sh-63      |               |    rt_spin_lock() {
   25.000030 |   0)     sh-63      |   6.901 us    |      __might_resched();
   25.000040 |   0)     sh-63      |               |      /* wake_reaper: pid=70 */
   25.000050 |   0)     sh-63      | + 31.918 us   |    }
   25.000060 |   0)     sh-63      | # 2442.118 us |  }
`,
    'graph.txt',
  );
  expect(slicesOf(trace)).toEqual([
    'sh/63 calls: unmap_page_range 10-60',
    'sh/63 calls: rt_spin_lock 20-50',
    'sh/63 calls: __might_resched 30-37',
  ]);
  expect([...trace.slices.depth]).toEqual([0, 1, 2]);
  expect(instantsOf(trace)).toEqual(['wake_reaper pid=70']);
});

test('Chrome JSON is read: complete, nested, asynchronous, counters and arrows', () => {
  const events = [
    { ph: 'M', pid: 1, name: 'process_name', args: { name: 'main' } },
    { ph: 'M', pid: 1, tid: 2, name: 'thread_name', args: { name: 'worker' } },
    { ph: 'X', pid: 1, tid: 2, ts: 10, dur: 5.5, name: 'outer', cat: 'a', args: { detail: 'why' } },
    { ph: 'X', pid: 1, tid: 2, ts: 11, dur: 1, name: 'inner' },
    { ph: 'B', pid: 1, tid: 3, ts: 12, name: 'open' },
    { ph: 'E', pid: 1, tid: 3, ts: 14 },
    { ph: 'b', pid: 1, tid: 3, ts: 12, cat: 'io', id: '0x1', name: 'read' },
    { ph: 'e', pid: 1, tid: 3, ts: 19, cat: 'io', id: '0x1', name: 'read' },
    { ph: 'i', pid: 1, tid: 2, ts: 13, name: 'tick', s: 't' },
    { ph: 'C', pid: 1, ts: 13, name: 'rss', args: { value: 4 } },
    { ph: 's', pid: 1, tid: 2, ts: 12, id: 7, name: 'callback', cat: 'flow' },
    { ph: 'f', bp: 'e', pid: 1, tid: 3, ts: 13, id: 7, name: 'callback', cat: 'flow' },
    { ph: 'X', pid: 1, tid: 2, ts: 'soon', name: 'nonsense' },
    null,
  ];
  // A list without its end, as a writer leaves it that was stopped.
  const trace = importTrace(JSON.stringify(events).slice(0, -1), 'trace.json');
  expect(slicesOf(trace)).toEqual([
    'main worker: outer 0-6',
    'main worker: inner 1-2',
    'main thread 3: open 2-4',
    'main thread io read: read 2-9',
  ]);
  expect([...trace.slices.depth]).toEqual([0, 1, 0, 0]);
  expect([...trace.samples.value]).toEqual([4]);
  expect([...trace.flows.kind]).toEqual([2]);
  const again = importTrace(toChromeJson(trace), 'again.json');
  expect(again.slices.startNs).toEqual(trace.slices.startNs);
  expect(again.flows.kind).toEqual(trace.flows.kind);
});

test('what is no trace is refused with a way out', () => {
  for (const text of [
    '',
    'hello\nworld',
    '{"traceEvents": 3}',
    '[',
    '{"traceEvents": []}',
    '\0\0\0',
    '[1,2,3]',
  ]) {
    expect(() => importTrace(text, 'x'), JSON.stringify(text)).toThrow(ImportError);
  }
  expect(() => importTrace('# tracer: function_graph\n', 'x')).toThrow(/function_graph/);
});

test('a long line without an end does not take for ever', () => {
  const text = `# tracer: nop\n${'a-1 '.repeat(50_000)}\n${'a-1 [000] '.repeat(20_000)}`;
  expect(() => importTrace(text, 'x')).toThrow(ImportError);
});

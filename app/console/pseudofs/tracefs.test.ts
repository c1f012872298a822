import { describe, expect, test } from 'vitest';
import { runScript } from '../testing/guest.ts';

/** A script in /sys/kernel/tracing. */
const out = (script: string, config = {}): string =>
  runScript(`cd /sys/kernel/tracing\n${script}`, { config }).console;

const LEGEND = [
  '#                                _-----=> irqs-off/BH-disabled',
  '#                               / _----=> need-resched',
  '#                              | / _---=> hardirq/softirq',
  '#                              || / _--=> preempt-depth',
  '#                              ||| / _-=> migrate-disable',
  '#                              |||| /     delay',
  '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
  '#              | |         |   |||||     |         |',
];

describe('settings', () => {
  test.each([
    ['current_tracer', 'nop\n'],
    ['available_tracers', 'function_graph function nop\n'],
    ['buffer_size_kb', '7 (expanded: 1408)\n'],
    ['buffer_total_size_kb', '14 (expanded: 2816)\n'],
    ['tracing_on', '1\n'],
    ['set_event', ''],
    ['events/enable', '0\n'],
    ['events/oom/mark_victim/id', '398\n'],
    ['events/oom/mark_victim/filter', 'none\n'],
    ['trace_clock', '[local] global uptime perf mono mono_raw boot tai\n'],
    ['set_ftrace_filter', '#### all functions enabled ####\n'],
    ['set_ftrace_notrace', '#### no functions disabled ####\n'],
    ['set_ftrace_pid', 'no pid\n'],
    ['../debug/tracing/current_tracer', 'nop\n'],
  ])('%s at boot', (file, text) => {
    expect(out(`cat ${file}`)).toBe(text);
  });

  test.each([
    ['echo function > current_tracer', 'cat current_tracer', 'function\n'],
    ['echo 64 > buffer_size_kb', 'cat buffer_size_kb per_cpu/cpu1/buffer_size_kb', '64\n64\n'],
    ['echo mono > trace_clock', 'cat trace_clock', 'local global uptime perf [mono] mono_raw boot tai\n'],
    ['echo noirq-info > trace_options', 'cat options/irq-info', '0\n'],
    ['echo 1 > options/stacktrace', 'grep stacktrace trace_options', 'stacktrace\n'],
    ['echo oom:*_victim > set_event', 'cat set_event events/oom/enable', 'oom:mark_victim\nX\n'],
    [
      'echo signal > set_event; echo !signal:signal_deliver >> set_event',
      'cat set_event',
      'signal:signal_generate\n',
    ],
    [
      'echo "exit_mmap mmput*" > set_ftrace_filter',
      'cat set_ftrace_filter',
      'exit_mmap\nmmput\nmmput_async\nmmput_async_fn\n',
    ],
    ['echo 63 64 > set_event_pid', 'cat set_event_pid', '63\n64\n'],
    ['echo 3 > max_graph_depth', 'cat max_graph_depth', '3\n'],
  ])('%s', (write, read, text) => {
    expect(out(`${write}; ${read}`)).toBe(text);
  });

  test.each([
    'echo blk > current_tracer',
    'echo tsc > trace_clock',
    'echo noway > trace_options',
    'echo 2 > options/stacktrace',
    'echo -3 > buffer_size_kb',
    'echo nothing:at_all > set_event',
    'echo 2 > events/oom/enable',
    'echo nofunction > set_ftrace_filter',
    'echo x > set_ftrace_pid',
  ])('nonsense is refused: %s', (write) => {
    expect(out(write)).toBe('bash: echo: write error: Invalid argument\n');
  });
});

describe('filters of events', () => {
  // What is wrong, and how far the text was read when it was found.
  test.each([
    ['sig == 9 || nosuch == 1', 'Field not found', 18],
    ['sig ~ 9', 'Illegal operation for field type', 6],
    ['sig = 9', 'Invalid operator', 4],
    ['sig == "9"', 'Expecting numeric field', 7],
    ['comm == 9', 'Expecting string field', 8],
    ['comm == "a', 'Missing matching quote', 8],
    ['comm > "a"', 'Illegal operation for field type', 7],
    ['sig == 9x', 'Illegal integer value', 7],
    ['sig == nine', 'Invalid value (did you forget quotes)?', 7],
    ['(sig == 9', "Too many '('", 0],
    ['(sig == 9 && (pid == 3)', "Too many '('", 0],
    ['(sig == 9) && (pid == 3', "Too many '('", 14],
    ['sig == 9)', "Too few '('", 8],
    ['sig == 9 sig == 8', 'Too many terms in predicate expression', 9],
    ['sig == 9 &&', 'Meaningless filter expression', 11],
  ])('%s', (filter, error, position) => {
    const file = 'events/signal/signal_generate/filter';
    const marker = '^'.padStart(position === 0 ? 0 : position + 1);
    expect(out(`echo '${filter}' > ${file}; cat ${file}`)).toBe(
      `bash: echo: write error: Invalid argument\n${filter}\n${marker}\nparse_error: ${error}\n`,
    );
  });

  test('error_log tells of the last mistakes', () => {
    const script =
      'echo "sig = 9" > events/signal/signal_generate/filter; cat error_log; echo > error_log; cat error_log';
    expect(out(script).split('\n').slice(1)).toEqual([
      expect.stringMatching(/^\[ {4}0\.\d{6}\] event filter parse error: error: Invalid operator$/),
      '  Command: sig = 9',
      '               ^',
      '',
    ]);
  });

  test('an event is recorded if its filter says so', () => {
    const script = (filter: string): string =>
      out(
        `echo 1 > events/signal/signal_generate/enable; echo '${filter}' > events/signal/signal_generate/filter
         sleep 9 & kill -10 $!; kill -9 $!; wait; echo 0 > events/enable; grep -v '^#' trace | grep -c sleep`,
      );
    expect(script('sig == 9')).toBe('1\n');
    expect(script('sig == 0x9 || sig == 10')).toBe('2\n');
    expect(script('!(sig & 8) || comm ~ "s*p" && !(comm == "sh")')).toBe('3\n');
    expect(script('comm != "sleep"')).toBe('1\n');
    expect(script('common_pid > 1000')).toBe('0\n');
  });
});

describe('trace', () => {
  test('an empty one is a header', () => {
    expect(out('cat trace').split('\n')).toEqual([
      ...['# tracer: nop', '#', '# entries-in-buffer/entries-written: 0/0   #P:2', '#'],
      ...LEGEND,
      '',
    ]);
  });

  test('what is written to trace_marker stands among events, in order of time', () => {
    const lines = out(
      'echo 1 > events/sched/sched_process_exit/enable; true | cat; echo here > trace_marker; cat trace',
    );
    const [exit, mark] = lines
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .slice(-3);
    expect(exit).toMatch(
      /^ {13}cat-\d+ {6}\[00\d] \.{5} {5}0\.\d{6}: sched_process_exit: comm=cat pid=\d+ prio=120$/,
    );
    expect(mark).toMatch(/^ {14}sh-63 {6}\[00\d] \.{5} {5}0\.\d{6}: tracing_mark_write: here$/);
  });

  test('function_graph has braces, leaves and durations', () => {
    const text = out(
      'echo exit_mmap > set_graph_function; echo function_graph > current_tracer; sleep 0.01; echo nop > /dev/null; cat trace',
    );
    expect(text).toMatch(
      /^# tracer: function_graph\n#\n# CPU {2}DURATION {18}FUNCTION CALLS\n# \| {5}\| {3}\| {21}\| {3}\| {3}\| {3}\|\n [01]\) {15}\| {2}exit_mmap\(\) \{\n [01]\) {3}0\.100 us {4}\| {4}down_read\(\);\n/,
    );
    expect(text).toMatch(/\n [01]\) [!+ ] *[\d.]+ us +\| {2}\}\n/);
  });

  test('the function tracer tells who called', () => {
    const text = out(
      'echo exit_mmap > set_ftrace_filter; echo function > current_tracer; sleep 0.01; cat trace',
    );
    expect(text).toMatch(/\n {11}sleep-64 {6}\[00\d] \.{5} {5}0\.\d{6}: exit_mmap <-mmput\n/);
  });

  test('latency-format, tgid and stacks', () => {
    expect(out('echo hi > trace_marker; echo 1 > options/latency-format; cat trace')).toMatch(
      /^# tracer: nop\n#\n# nop latency trace v1\.1\.5 on 6\.12\.117\n[^]*\n {6}sh-63 {8}[01]\.{5} {4}0us : tracing_mark_write: hi\n$/,
    );
    expect(out('echo 1 > options/record-tgid; echo hi > trace_marker; tail -n 1 trace')).toMatch(
      / sh-63 {6}\( {5}63\) \[00\d] /,
    );
    expect(
      out(
        'echo 1 > options/stacktrace; echo 1 > events/sched/sched_process_exit/enable; true | cat; cat trace',
      ),
    ).toMatch(/ <stack trace>\n => do_exit\n => do_group_exit\n/);
  });

  test('a full buffer drops the oldest, and says so', () => {
    const text = out(
      `echo 4 > buffer_size_kb; for i in $(seq 1 300); do echo line $i > trace_marker; done
       echo 0 > tracing_on; grep entries: per_cpu/cpu*/stats; grep -c tracing_mark trace; head -n 3 trace | tail -n 1`,
    );
    const [, , left, counts] = text.split('\n');
    const [inBuffer, written] = (/: (\d+)\/(\d+) /.exec(counts) ?? []).slice(1).map(Number);
    expect(written).toBe(300);
    expect(inBuffer).toBe(Number(left));
    expect(inBuffer).toBeLessThan(280);
  });

  test('trace_pipe waits for what comes, and takes it out', () => {
    expect(
      out(
        `cat trace_pipe > /tmp/p & sleep 0.1; echo one > trace_marker; sleep 0.1; echo two > trace_marker
         sleep 0.1; kill $!; wait; grep -c tracing_mark /tmp/p; grep -c tracing_mark trace`,
      ),
    ).toBe('2\n0\n');
  });

  test('nothing listens to the machine once it is off again', () => {
    const { kernel } = runScript(
      'cd /sys/kernel/tracing; echo 1 > events/sched/enable; echo function > current_tracer; echo nop > current_tracer; echo 0 > events/enable',
    );
    expect(kernel.machine.observer).toBeNull();
  });
});

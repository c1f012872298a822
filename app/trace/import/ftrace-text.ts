import { TraceBuilder, type Moment } from '../store/builder.ts';
import { NO_STEP, type TraceData } from '../store/trace-data.ts';
import { importFunctionGraph } from './ftrace-graph.ts';
import { ImportError, MOST_EVENTS } from './import-error.ts';

/** One line of a trace of the kernel. */
interface Line {
  readonly comm: string;
  readonly pid: number;
  readonly cpu: number;
  readonly ns: number;
  readonly name: string;
  readonly text: string;
}

/**
 * The last `-digits` before the bracket ends the name, which may hold blanks and dashes itself. Then, each if it is
 * there: the thread group, the CPU, five flags (four in old kernels), the time.
 */
const LINE =
  /^\s*(.{1,64}?)-(\d+)\s+(?:\(\s*[\d-]+\)\s+)?\[(\d+)\](?:\s+[.0-9a-zA-Z]{4,6})?\s+(\d+)\.(\d{6,9}):\s+(.*)$/;

/** Events that begin something, with those that end it on the same task. */
const PAIRS: Readonly<Record<string, { readonly end: string; readonly name: (text: string) => string }>> = {
  start_task_reaping: { end: 'finish_task_reaping', name: (text) => `reap ${text}` },
  workqueue_execute_start: { end: 'workqueue_execute_end', name: (text) => afterWord(text, 'function') },
  timer_expire_entry: { end: 'timer_expire_exit', name: (text) => afterWord(text, 'function=') },
  softirq_entry: { end: 'softirq_exit', name: (text) => /action=(\w+)/.exec(text)?.[1] ?? 'softirq' },
  irq_handler_entry: { end: 'irq_handler_exit', name: (text) => /name=(\S+)/.exec(text)?.[1] ?? 'irq' },
  kvm_entry: { end: 'kvm_exit', name: () => 'guest' },
  sys_enter: { end: 'sys_exit', name: (text) => text.split(' (')[0] },
  mmap_lock_start_locking: { end: 'mmap_lock_acquire_returned', name: () => 'wait for mmap_lock' },
};
const ENDS: ReadonlySet<string> = new Set(Object.values(PAIRS).map(({ end }) => end));

/** Is this the text of a kernel's trace: of tracefs, or of `trace-cmd report`? */
export function looksLikeFtrace(text: string): boolean {
  const head = text.slice(0, 16_384);
  return (
    /^# tracer: /m.test(head) || /^cpus=\d+$/m.test(head) || head.split('\n').some((line) => LINE.test(line))
  );
}

/** Reads the file `trace` of tracefs, or what `trace-cmd report` prints. */
export function importFtrace(text: string, title: string): TraceData {
  if (/^# tracer: function_graph/m.test(text.slice(0, 4096))) return importFunctionGraph(text, title);
  const lines: Line[] = [];
  let lost = 0;
  for (const raw of text.split('\n')) {
    if (lines.length >= MOST_EVENTS) break;
    if (raw.startsWith('#')) continue;
    const missed = /^CPU:\d+ \[LOST (\d+) EVENTS\]/.exec(raw);
    if (missed !== null) lost += Number(missed[1]);
    const line = parse(raw);
    if (line !== null) lines.push(line);
  }
  if (lines.length === 0) {
    throw new ImportError(
      `${title}: no line of it is an event of ftrace`,
      'open the file `trace` of tracefs, or what `trace-cmd report` prints',
    );
  }
  lines.sort((a, b) => a.ns - b.ns);
  return new FtraceImport(lines, lost).finish(title);
}

function parse(raw: string): Line | null {
  const match = LINE.exec(raw);
  if (match === null) return null;
  const [, comm, pid, cpu, seconds, fraction, body] = match;
  const ns = Number(seconds) * 1e9 + Number(fraction.padEnd(9, '0'));
  const event = /^([\w:.]+):\s*(.*)$/.exec(body);
  // A line of the function tracer: `callee <-caller`.
  const name = event === null ? 'function' : event[1];
  return {
    comm: comm.trim(),
    pid: Number(pid),
    cpu: Number(cpu),
    ns,
    name,
    text: event === null ? body : event[2],
  };
}

interface ImportedTask {
  readonly group: number;
  readonly state: number;
  readonly calls: number;
  readonly events: number;
  slice: number | null;
  wakes: { readonly track: number; readonly at: Moment } | null;
  readonly open: { readonly end: string; readonly slice: number }[];
}

class FtraceImport {
  private readonly builder = new TraceBuilder();
  private readonly cpuGroup = this.builder.track({ kind: 'group', name: 'CPUs' });
  private readonly taskGroup = this.builder.track({ kind: 'group', name: 'Tasks' });
  private readonly cpus = new Map<
    number,
    { track: number; slice: number | null; pid: number; last: Moment }
  >();
  private readonly tasks = new Map<number, ImportedTask>();
  private readonly switches: boolean;

  constructor(
    private readonly lines: readonly Line[],
    private readonly lost: number,
  ) {
    this.switches = lines.some(({ name }) => name === 'sched_switch');
  }

  finish(title: string): TraceData {
    const last = Math.max(...[...new Set(this.lines.map(({ cpu }) => cpu))]);
    for (let cpu = 0; cpu <= Math.min(last, 1023); cpu++) this.cpuOf(cpu);
    for (const line of this.lines) this.event(line);
    for (const { slice, last: at } of this.cpus.values()) {
      if (slice !== null && !this.switches) this.builder.close(slice, at);
    }
    const [first] = this.lines;
    const end = this.lines[this.lines.length - 1];
    const name = this.lost > 0 ? `${title} (${this.lost} events lost)` : title;
    return this.builder.finish(name, first.ns, end.ns);
  }

  private event(line: Line): void {
    const at: Moment = { ns: line.ns, step: NO_STEP };
    if (line.name === 'sched_switch') this.switched(line, at);
    else if (!this.switches && line.pid !== 0) this.seenOn(line, at);
    // The idle task is one per CPU, all with the same number: what it does belongs to its CPU.
    if (line.pid === 0) {
      this.builder.instant(this.cpuOf(line.cpu).track, at, line.name, line.text);
      return;
    }
    const task = this.taskOf(line.pid, line.comm);
    if (/^sched_(?:waking|wakeup|wakeup_new)$/.test(line.name)) this.wakes(line, task, at);
    this.pair(line, task, at);
    this.builder.instant(task.events, at, line.name, line.text);
  }

  private pair({ name, text }: Line, task: ImportedTask, at: Moment): void {
    const begins = PAIRS[name];
    if (begins !== undefined) {
      const slice = this.builder.open(
        task.calls,
        at,
        { name: begins.name(text), category: name, detail: text },
        task.open.length,
      );
      task.open.push({ end: begins.end, slice });
    } else if (ENDS.has(name)) {
      const found = task.open.findLastIndex(({ end }) => end === name);
      if (found < 0) return;
      for (const { slice } of task.open.splice(found)) this.builder.close(slice, at);
    }
  }

  /** `prev_comm=… ==> next_comm=…`, or what the plugin of trace-cmd makes of it. */
  private switched({ cpu, text }: Line, at: Moment): void {
    const raw =
      /prev_comm=(.*?) prev_pid=(\d+) prev_prio=-?\d+ prev_state=(\S+) ==> next_comm=(.*?) next_pid=(\d+)/.exec(
        text,
      );
    const short = raw ?? /^(.*?):(\d+) \[-?\d+\] (\S+) ==> (.*?):(\d+)/.exec(text);
    if (short === null) return;
    const [, prevComm, prevPid, prevState, nextComm, nextPid] = short;
    const place = this.cpuOf(cpu);
    if (place.slice !== null) this.builder.close(place.slice, at);
    place.slice = null;
    if (Number(prevPid) !== 0) this.enter(this.taskOf(Number(prevPid), prevComm), stateOf(prevState), at);
    if (Number(nextPid) === 0) return;
    const next = this.taskOf(Number(nextPid), nextComm);
    place.slice = this.builder.open(place.track, at, {
      name: `${nextComm}/${nextPid}`,
      category: 'task',
      detail: nextPid,
    });
    this.enter(next, 'running', at);
    if (next.wakes !== null) this.builder.flow('wakeup', next.wakes.track, next.wakes.at, next.state, at);
    next.wakes = null;
  }

  private wakes({ text }: Line, waker: ImportedTask, at: Moment): void {
    const match = /comm=(.*?) pid=(\d+)/.exec(text) ?? /^(.*?):(\d+) /.exec(text);
    if (match === null) return;
    const woken = this.taskOf(Number(match[2]), match[1]);
    if (woken === waker) return;
    woken.wakes = { track: waker.state, at };
    if (this.switches) this.enter(woken, 'runnable', at);
  }

  /** Without scheduler events all that is known is where a task was seen. */
  private seenOn({ cpu, comm, pid }: Line, at: Moment): void {
    const place = this.cpuOf(cpu);
    if (place.slice === null || place.pid !== pid) {
      if (place.slice !== null) this.builder.close(place.slice, place.last);
      place.slice = this.builder.open(place.track, at, {
        name: `${comm}/${pid}`,
        category: 'seen',
        detail: String(pid),
      });
      place.pid = pid;
    }
    place.last = at;
  }

  private enter(task: ImportedTask, state: string, at: Moment): void {
    if (task.slice !== null) this.builder.close(task.slice, at);
    task.slice =
      state === 'ended' ? null : this.builder.open(task.state, at, { name: state, category: state });
  }

  private cpuOf(cpu: number) {
    let place = this.cpus.get(cpu);
    if (place === undefined) {
      const track = this.builder.track({ parent: this.cpuGroup, kind: 'cpu', name: `CPU${cpu}`, cpu });
      place = { track, slice: null, pid: -1, last: { ns: 0, step: NO_STEP } };
      this.cpus.set(cpu, place);
    }
    return place;
  }

  private taskOf(pid: number, comm: string): ImportedTask {
    let task = this.tasks.get(pid);
    if (task === undefined) {
      const group = this.builder.track({
        parent: this.taskGroup,
        kind: 'process',
        name: `${comm}/${pid}`,
        task: pid,
        pid,
      });
      const part = (kind: 'task-state' | 'task-calls' | 'task-events', name: string) =>
        this.builder.track({ parent: group, kind, name, task: pid, pid });
      task = {
        ...{ group, state: part('task-state', 'state'), calls: part('task-calls', 'spans') },
        ...{ events: part('task-events', 'events'), slice: null, wakes: null, open: [] },
      };
      this.tasks.set(pid, task);
    } else if (comm !== '<...>') {
      // The name of a task changes when it executes a program; the last one counts.
      this.builder.trackAt(task.group).name = `${comm}/${pid}`;
    }
    return task;
  }
}

function stateOf(letters: string): string {
  switch (letters[0]) {
    case 'R':
      return 'runnable';
    case 'D':
      return 'blocked';
    case 'X':
    case 'Z':
      return 'ended';
    default:
      return 'sleeping';
  }
}

function afterWord(text: string, word: string): string {
  return new RegExp(`${word}\\s*(\\S+)`).exec(text)?.[1] ?? text;
}

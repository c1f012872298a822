/** One line of a trace, whatever recorded it. */
export interface FtraceEvent {
  /** Nanoseconds. */
  readonly time: number;
  readonly cpu: number;
  readonly comm: string;
  readonly pid: number;
  /** irqs-off, need-resched, hardirq/softirq, preempt-depth, migrate-disable: `b...2`. */
  readonly flags: string;
  /** The event's name without its system. */
  readonly name: string;
  readonly text: string;
}

/**
 * Events as the file `trace` of tracefs shows them with the `nop` tracer and the default options, so that
 * trace-cmd, KernelShark's importers and people's own scripts can read them (Linux 6.12).
 */
export function formatFtrace(events: readonly FtraceEvent[], cpus: number): string {
  const lines = events.map(formatFtraceLine);
  return [...header(events.length, cpus), ...lines].map((line) => `${line}\n`).join('');
}

/** `     kworker/0:0-9       [000] b...2    23.755086: mark_victim: pid=69` */
export function formatFtraceLine({ time, cpu, comm, pid, flags, name, text }: FtraceEvent): string {
  const task = `${comm.padStart(16)}-${String(pid).padEnd(7)}`;
  const microseconds = Math.floor(time / 1000);
  const seconds = String(Math.floor(microseconds / 1_000_000)).padStart(5);
  const fraction = String(microseconds % 1_000_000).padStart(6, '0');
  return `${task} [${String(cpu).padStart(3, '0')}] ${flags} ${seconds}.${fraction}: ${name}: ${text}`;
}

function header(entries: number, cpus: number): string[] {
  return [
    '# tracer: nop',
    '#',
    `# entries-in-buffer/entries-written: ${entries}/${entries}   #P:${cpus}`,
    '#',
    '#                                _-----=> irqs-off/BH-disabled',
    '#                               / _----=> need-resched',
    '#                              | / _---=> hardirq/softirq',
    '#                              || / _--=> preempt-depth',
    '#                              ||| / _-=> migrate-disable',
    '#                              |||| /     delay',
    '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
    '#              | |         |   |||||     |         |',
  ];
}

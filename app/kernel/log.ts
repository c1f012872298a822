import type { Ns } from '../base/brand.ts';
import { runningTaskOrNull } from '../sim/machine-in-force.ts';
import type { Machine } from '../sim/machine.ts';
import type { SimObject } from '../sim/object.ts';
import type { Task } from '../sim/task.ts';

/** Levels of printk: 0 emergency … 7 debug. */
export const KERN = {
  EMERG: 0,
  ALERT: 1,
  CRIT: 2,
  ERR: 3,
  WARNING: 4,
  NOTICE: 5,
  INFO: 6,
  DEBUG: 7,
} as const;

/** One line of dmesg. */
export interface LogLine {
  readonly time: Ns;
  readonly level: number;
  readonly text: string;
  /** Index of the task that printed it, -1 during boot. */
  readonly task: number;
  /** Operations performed before it. */
  readonly step: number;
}

/** The kernel's log buffer. Printing is no visible operation: no modelled code reads the log. */
export class KernelLog {
  readonly lines: LogLine[] = [];
  /** What those wait on who read the log as it goes on; null until there is one. */
  readers: SimObject | null = null;
  /** Lines before this one were cleared away by `dmesg -c`: they are shown no more. */
  clearedTo = 0;
  /** Who has called panic(), null for an interrupt: its last words are the last. */
  private readonly panicked = new Set<Task | null>();

  constructor(private readonly machine: Machine) {}

  /**
   * Nothing more is printed after a panic. Only a search has others go on then, as what they do could all have come
   * before: these are still heard.
   */
  close(): void {
    this.panicked.add(runningTaskOrNull());
  }

  /** Has the kernel panicked? With a task: was it this one? */
  hasPanicked(task?: Task): boolean {
    return task === undefined ? this.panicked.size > 0 : this.panicked.has(task);
  }

  print(level: number, text: string): void {
    const task = runningTaskOrNull();
    if (this.panicked.size > 0 && (task === null || this.panicked.has(task))) return;
    for (const line of text.split('\n')) {
      const { now, steps } = this.machine;
      this.lines.push({ time: now, level, text: line, task: task?.index ?? -1, step: steps });
      this.machine.observer?.said?.(task, 'printk', line);
    }
    if (this.readers !== null) this.machine.wake(this.readers);
  }
}

/** The prefix of a dmesg line: `[%5lu.%06lu] `. */
export function formatTime(time: Ns): string {
  const microseconds = Math.floor(time / 1000);
  const whole = Math.floor(microseconds / 1_000_000);
  const fraction = microseconds % 1_000_000;
  return `[${String(whole).padStart(5)}.${String(fraction).padStart(6, '0')}] `;
}

/** A line as `dmesg` prints it. */
export function formatLine(line: LogLine): string {
  return formatTime(line.time) + line.text;
}

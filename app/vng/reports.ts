import type { Kernel } from '../kernel/kernel.ts';
import { reportsOf } from '../kernel/report/titles.ts';

/** A report in the kernel's log. */
export interface NewReport {
  readonly title: string;
  /** Virtual time. */
  readonly at: number;
  readonly step: number;
}

/** Finds reports in a log that grows. The title of one is known once it is complete: when the guest rests. */
export class ReportWatch {
  /** What is before it has been looked through. */
  private from = 0;
  private lookedAt = 0;
  private seen = 0;

  constructor(private readonly kernel: Kernel) {}

  /** Has the log come to rest, so that no report is in the middle? Asks since the last call. */
  get rests(): boolean {
    const { length } = this.kernel.log.lines;
    const same = length === this.seen;
    this.seen = length;
    return same;
  }

  /** Reports that are complete since the last call. */
  find(): NewReport[] {
    const { lines } = this.kernel.log;
    if (this.lookedAt === lines.length) return [];
    this.lookedAt = lines.length;
    const found = reportsOf(lines.slice(this.from).map(({ text }) => text));
    const reports = found.map(({ title, line }) => {
      const { time, step } = lines[this.from + line];
      return { title, at: time, step };
    });
    this.from = lines.length;
    return reports;
  }
}

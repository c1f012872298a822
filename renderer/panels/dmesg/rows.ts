import type { LogLine, RunSummary } from '../../../app/service/contract/runs.ts';

/** One line of the log as it is shown. */
export interface Row {
  /** Its place in the log. */
  readonly line: number;
  readonly text: string;
  readonly level: number;
  readonly step: number;
  /** The report that it belongs to. */
  readonly report: number | null;
  /** It is the first line of a report, and folds it. */
  readonly head: boolean;
}

export interface Wishes {
  readonly lines: readonly LogLine[];
  readonly reports: RunSummary['reports'];
  /** First lines of reports that are folded. */
  readonly folded: ReadonlySet<number>;
  /** Lines that are less important are left out, but for those of reports. */
  readonly level: number;
  readonly filter: string;
}

/** The lines to show. A filter looks at every line, folded ones included. */
export function rowsOf({ lines, reports, folded, level, filter }: Wishes): Row[] {
  const reportOf = new Map<number, number>();
  const heads = new Set(reports.map(({ line }) => line));
  reports.forEach(({ line, lines: count }, report) => {
    for (let at = line; at < line + count; at++) reportOf.set(at, report);
  });
  const wanted = filter.toLowerCase();
  const rows: Row[] = [];
  lines.forEach(({ text, level: its, step }, line) => {
    const report = reportOf.get(line) ?? null;
    const head = heads.has(line);
    if (wanted !== '') {
      if (!text.toLowerCase().includes(wanted)) return;
    } else {
      if (report === null && its > level) return;
      const first = report === null ? undefined : reports[report]?.line;
      if (!head && first !== undefined && folded.has(first)) return;
    }
    rows.push({ line, text, level: its, step, report, head });
  });
  return rows;
}

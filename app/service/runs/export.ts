import type { RunSession } from '../../debug/session.ts';
import { toChromeJson } from '../../trace/export/chrome-json.ts';
import { formatFtrace } from '../../trace/export/ftrace-text.ts';
import { toPerfetto } from '../../trace/export/perfetto.ts';
import { windowOf } from '../../trace/store/window.ts';
import { pageBundle } from './page/bundle.ts';
import { pageOf } from './page/page.ts';

export type ExportFormat = 'ftrace' | 'perfetto' | 'chrome' | 'dmesg' | 'html';

export interface Exported {
  name: string;
  mime: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A recorded run as a file for other tools. `fromNs` and `toNs` cut out a part of its time. */
export function exportRun(
  session: RunSession,
  format: ExportFormat,
  fromNs: number | null,
  toNs: number | null,
): Exported {
  const { recording } = session;
  const trace = windowOf(recording.trace, fromNs, toNs);
  const text = (content: string) => new TextEncoder().encode(content);
  switch (format) {
    case 'ftrace': {
      const content = formatFtrace(session.events(fromNs, toNs), recording.plan.cpus);
      return { name: 'trace.txt', mime: 'text/plain', bytes: text(content) };
    }
    case 'perfetto':
      return { name: 'trace.pftrace', mime: 'application/octet-stream', bytes: toPerfetto(trace) };
    case 'chrome':
      return { name: 'trace.json', mime: 'application/json', bytes: text(toChromeJson(trace)) };
    case 'dmesg':
      return { name: 'dmesg.txt', mime: 'text/plain', bytes: text(session.dmesg()) };
    case 'html':
      return { name: 'session.html', mime: 'text/html', bytes: text(pageOf(session, pageBundle())) };
  }
}

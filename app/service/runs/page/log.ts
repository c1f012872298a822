import type { RunSession } from '../../../debug/session.ts';
import { escape } from './html.ts';

/** Lines in a page: more would make it too large to open. */
const MOST_LINES = 50_000;

/** The kernel's log, each report below its first line; all but the first report are folded. */
export function logSection(session: RunSession): string {
  const lines = session.log().slice(0, MOST_LINES);
  const { reports } = session.recording;
  const parts: string[] = [];
  let at = 0;
  const plainLines = (until: number) => {
    if (until > at) parts.push(`<pre>${lines.slice(at, until).map(lineOf).join('\n')}</pre>`);
    at = Math.max(at, until);
  };
  reports.forEach(({ line, lines: count }, index) => {
    if (line < at || line >= lines.length) return;
    plainLines(line);
    const [head, ...rest] = lines.slice(line, line + count);
    parts.push(
      `<details class="splat"${index === 0 ? ' open' : ''}><summary>${lineOf(head)}</summary>` +
        `<pre>${rest.map(lineOf).join('\n')}</pre></details>`,
    );
    at = line + count;
  });
  plainLines(lines.length);
  return parts.join('\n');
}

function lineOf({ text, level }: { readonly text: string; readonly level: number }): string {
  const said = escape(text);
  return level <= 3 ? `<span class="bad">${said}</span>` : said;
}

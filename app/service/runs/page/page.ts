import type { RunSession } from '../../../debug/session.ts';
import { renderHtml } from '../../../trace/diagram/html.ts';
import type { PageBundle } from './bundle.ts';
import { escape, escapeLines, policy, raw } from './html.ts';
import { logSection } from './log.ts';
import { pageTrace } from './trace.ts';

/** Trace events in a page: more would make it too large to open. */
const MOST_EVENTS = 20_000;

interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: string;
}

/**
 * A run as one page that opens without the workbench: what happened and why, when, the log, the console, the trace
 * events, the scenario, and the replay file to take it up again. It needs nothing from elsewhere and asks for
 * nothing. Without its script all but the timeline is there.
 */
export function pageOf(session: RunSession, bundle: PageBundle | null): string {
  const { trace } = session.recording;
  const script = bundle === null ? null : raw(bundle.script);
  const style = raw(bundle?.style ?? PLAIN_STYLE);
  const sections = sectionsOf(session, bundle !== null);
  return [
    '<!DOCTYPE html>',
    '<html lang="en" data-theme="light">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escape(policy(script, style))}">`,
    '<meta name="viewport" content="width=device-width">',
    `<title>${escape(trace.title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    `<header><h1>${escape(trace.title)}</h1>${verdict(session)}</header>`,
    `<nav>${sections.map(({ id, title }) => `<a href="#${id}">${escape(title)}</a>`).join(' ')}</nav>`,
    '<main>',
    ...sections.map(
      ({ id, title, content }) => `<section id="${id}"><h2>${escape(title)}</h2>\n${content}</section>`,
    ),
    '</main>',
    ...(script === null ? [] : [`<script>${script}</script>`]),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function sectionsOf(session: RunSession, alive: boolean): Section[] {
  const explanation = session.explanation(null);
  return [
    { id: 'facts', title: 'What happened', content: facts(session) },
    ...(explanation === null
      ? []
      : [{ id: 'interleaving', title: 'How it came about', content: bodyOf(renderHtml(explanation)) }]),
    ...(alive ? [{ id: 'timeline', title: 'Timeline', content: timeline(session) }] : []),
    { id: 'dmesg', title: 'dmesg', content: logSection(session) },
    { id: 'events', title: 'Trace events', content: events(session) },
    { id: 'console', title: 'Console', content: pre(session.recording.run.console) },
    {
      id: 'scenario',
      title: 'Scenario',
      content: `<p class="dim">${escape(session.origin.name)}</p>${pre(session.origin.text)}`,
    },
    { id: 'replay', title: 'Replay', content: replay(session) },
  ];
}

function verdict({ recording: { run } }: RunSession): string {
  const [kind, text] = run.met ? ['good', 'as expected'] : ['bad', 'not as expected'];
  return `<p class="verdict ${kind}">${text}: ${escape(run.outcome.text)}</p>`;
}

function facts({ recording: { run, plan } }: RunSession): string {
  const rt = plan.config.PREEMPT_RT ? 'PREEMPT_RT' : 'no PREEMPT_RT';
  const rows: [string, string][] = [
    ['Outcome', run.outcome.text],
    ['Titles', run.titles.join('\n') || 'no report'],
    ['Expectations', run.met ? 'met' : run.failures.join('\n')],
    ['Kernel', `${[plan.tree.name, ...plan.patches.map(({ name }) => name)].join(' + ')}, ${rt}`],
    ['CPUs', String(plan.cpus)],
    ['Seed', String(run.seed)],
    ['Operations', String(run.steps)],
    ['Event hash', run.eventHash],
  ];
  const cells = rows.map(
    ([name, value]) => `<tr><th>${escape(name)}</th><td>${escapeLines(value)}</td></tr>`,
  );
  return `<table class="facts">${cells.join('')}</table>`;
}

function timeline(session: RunSession): string {
  const { data, cut } = pageTrace(session);
  const note = cut ? '<p class="dim">Of this long run the part around the report.</p>' : '';
  // A data block: no browser runs it.
  return `${note}<div id="timeline-view"></div><script type="text/plain" id="trace">${data}</script>`;
}

/** Columns are parted by tabs, for the script and for spreadsheets; names hold none. */
function events({ recording: { run } }: RunSession): string {
  const shown = run.trace.slice(0, MOST_EVENTS);
  const note = run.trace.length > shown.length ? `<p class="dim">The first ${shown.length} of them.</p>` : '';
  const lines = shown.map(({ time, cpu, comm, pid, name, text }) =>
    [(time / 1e9).toFixed(6), `CPU${cpu}`, `${comm}-${pid}`, name, text].map(escape).join('\t'),
  );
  return `${note}<pre id="event-lines">${lines.join('\n')}</pre>`;
}

function replay(session: RunSession): string {
  const text = session.replayFile();
  const data = Buffer.from(text, 'utf8').toString('base64');
  return (
    `<p><a class="button" download="session.replay" href="data:application/octet-stream;base64,${data}">` +
    'Download session.replay</a> and open it in the workbench, or: <code>scythe replay session.replay</code></p>' +
    `<details><summary>Show it</summary>${pre(text)}</details>`
  );
}

function pre(text: string): string {
  return `<pre>${escapeLines(text)}</pre>`;
}

/** What stands in the body of a page of its own, its title one rank lower. */
function bodyOf(page: string): string {
  const begin = page.indexOf('<body>');
  const end = page.lastIndexOf('</body>');
  return page
    .slice(begin + '<body>'.length, end)
    .replaceAll(/<(\/?)h2>/g, '<$1h4>')
    .replaceAll(/<(\/?)h1>/g, '<$1h3>');
}

/** For a page without a bundle. */
const PLAIN_STYLE = [
  ':root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }',
  'body { max-width: 80em; margin: 2em auto; padding: 0 1em; }',
  'th, td { text-align: left; vertical-align: top; padding: 0 1.5em .2em 0; white-space: pre-wrap; }',
  'pre, section table { font: 13px/1.5 ui-monospace, monospace; overflow-x: auto; }',
  '.dim, .note { opacity: .7; } .mark { font-weight: bold; color: #c22; }',
].join(' ');

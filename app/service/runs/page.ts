import type { RunSession } from '../../debug/session.ts';

/** Trace events in a page: more would make it too large to open. */
const MOST_EVENTS = 20_000;

/**
 * A run as one page that opens without the workbench: what happened and why, the log, the console, the trace events,
 * and the replay file to take it up again. No scripts, nothing from elsewhere.
 */
export function pageOf(session: RunSession, explanation: string | null): string {
  const { run, plan, trace } = session.recording;
  const events = run.trace.slice(0, MOST_EVENTS);
  const facts = [
    ['Outcome', run.outcome.text],
    ['Titles', run.titles.join('\n') || 'no report'],
    ['Expectations', run.met ? 'met' : run.failures.join('\n')],
    ['Kernel', [plan.tree.name, ...plan.patches.map(({ name }) => name)].join(' + ')],
    ['Seed', String(run.seed)],
    ['Steps', String(run.steps)],
    ['Event hash', run.eventHash],
  ];
  const fold = (title: string, content: string, open = false) =>
    `<details${open ? ' open' : ''}><summary>${escape(title)}</summary><pre>${escape(content)}</pre></details>`;
  const cut = run.trace.length > events.length ? `, the first ${events.length}` : '';
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${escape(trace.title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1>${escape(trace.title)}</h1>`,
    '<table>',
    ...facts.map(([name, value]) => `<tr><th>${escape(name)}</th><td>${escape(value)}</td></tr>`),
    '</table>',
    ...(explanation === null ? [] : ['<section>', bodyOf(explanation), '</section>']),
    fold('dmesg', session.dmesg(), true),
    fold('Console', run.console),
    fold(
      `Trace events${cut}`,
      events
        .map(
          ({ time, cpu, comm, pid, name, text }) =>
            `${(time / 1e9).toFixed(6)} [${cpu}] ${comm}-${pid} ${name}: ${text}`,
        )
        .join('\n'),
    ),
    fold('Replay file', session.replayFile()),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

const STYLE = [
  ':root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }',
  'body { max-width: 80em; margin: 2em auto; padding: 0 1em; }',
  'h1 { font-size: 1.4em; } h2 { font-size: 1.1em; } section { margin: 1.5em 0; }',
  'th, td { text-align: left; vertical-align: top; padding: 0 1.5em .2em 0; white-space: pre-wrap; }',
  'pre, section table { font: 13px/1.5 ui-monospace, monospace; overflow-x: auto; }',
  'summary { cursor: pointer; font-weight: bold; padding: .3em 0; }',
  '.note { opacity: .7; } .mark { font-weight: bold; color: #c22; }',
].join(' ');

/** What stands in the body of a page of its own. */
function bodyOf(page: string): string {
  const begin = page.indexOf('<body>');
  const end = page.lastIndexOf('</body>');
  return begin < 0
    ? page
    : page
        .slice(begin + '<body>'.length, end)
        .replace('<h1>', '<h2>')
        .replace('</h1>', '</h2>');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

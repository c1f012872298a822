import type { Diagram, Explanation, Section } from './explanation.ts';
import { plain } from './plain.ts';

/** An explanation as a page of HTML that needs nothing else: no scripts, nothing from elsewhere. */
export function renderHtml({ title, diagram, sections }: Explanation): string {
  return `${[
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1>${escape(title)}</h1>`,
    ...table(diagram),
    ...sections.flatMap(sectionOf),
    '</body>',
    '</html>',
  ].join('\n')}\n`;
}

const STYLE = [
  ':root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }',
  'body { max-width: 70em; margin: 2em auto; padding: 0 1em; }',
  'h1 { font-size: 1.3em; } h2 { font-size: 1.05em; }',
  'table { border-collapse: collapse; font: 13px/1.5 ui-monospace, monospace; }',
  'th, td { text-align: left; vertical-align: top; padding: 0 1.5em 0 0; white-space: pre-wrap; }',
  'th { border-bottom: 1px solid; padding-bottom: .3em; }',
  '.note { opacity: .7; } .mark { font-weight: bold; color: #c22; }',
].join(' ');

/** A row for each action, in its actor's column. */
function table({ actors, lines, mark }: Diagram): string[] {
  const row = (actor: number, cell: string, kind = '') =>
    `<tr>${actors.map((_, i) => (i === actor ? `<td${kind}>${cell}</td>` : '<td></td>')).join('')}</tr>`;
  return [
    '<table>',
    `<thead><tr>${actors.map(({ label, name }) => `<th>${escape(label)}<br>${escape(name)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...lines.map(({ actor, depth, text, note }) =>
      row(
        actor,
        '&nbsp;&nbsp;'.repeat(depth) +
          escape(text) +
          (note === '' ? '' : ` <span class="note">/* ${escape(note)} */</span>`),
      ),
    ),
    row(mark.actor, escape(mark.text), ' class="mark"'),
    '</tbody>',
    '</table>',
  ];
}

function sectionOf({ heading, text, items }: Section): string[] {
  const list = items.map(
    ({ label, text: said }) => `<tr><th>${escape(label)}</th><td>${escape(said)}</td></tr>`,
  );
  return [
    `<h2>${escape(heading)}</h2>`,
    ...text.map((paragraph) => `<p>${escape(paragraph)}</p>`),
    ...(list.length === 0 ? [] : ['<table>', ...list, '</table>']),
  ];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

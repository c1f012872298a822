import type { Explanation, Section } from './explanation.ts';
import { plain } from './plain.ts';
import { diagramLines } from './text.ts';

/** An explanation as Markdown: the diagram in a code block, the rest as lists. */
export function renderMarkdown({ title, diagram, sections }: Explanation): string {
  const drawing = diagramLines(diagram);
  const fence = fenceFor(drawing);
  const parts = [`### ${escape(title)}`, [fence, ...drawing, fence].join('\n'), ...sections.map(sectionOf)];
  return `${parts.join('\n\n')}\n`;
}

function sectionOf({ heading, text, items }: Section): string {
  const list = items.map((item) => `- ${escape(item.label)}: ${escape(item.text)}`).join('\n');
  return [`**${escape(heading)}**`, ...text.map(escape), ...(list === '' ? [] : [list])].join('\n\n');
}

/** A fence that the text inside cannot close. */
function fenceFor(lines: readonly string[]): string {
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
  return '`'.repeat(longest + 1);
}

/** Text that says in Markdown what it says as it stands. */
function escape(text: string): string {
  return plain(text).replace(/[\\`*_{}[\]<>#|~&!@]/g, (character) =>
    character === '<' ? '&lt;' : character === '&' ? '&amp;' : character === '@' ? '&#64;' : `\\${character}`,
  );
}

import type { Diagram, DiagramLine, Explanation } from './explanation.ts';
import { plain } from './plain.ts';

/**
 * An explanation as a Mermaid sequence diagram: a participant per actor, a note for what it does, an arrow where it
 * lets another one go on. What the other formats say below the diagram is left out.
 */
export function renderMermaid({ title, diagram }: Explanation): string {
  const { actors, mark } = diagram;
  return `${[
    'sequenceDiagram',
    `  %% ${plain(title).replaceAll(/[{}%]/g, '?')}`,
    ...actors.map(({ label, name }, i) => `  participant ${idOf(i)} as ${escape(label)}<br/>${escape(name)}`),
    ...blocksOf(diagram).flatMap(blockLines),
    `  Note over ${idOf(mark.actor)}: ${escape(mark.text)}`,
  ].join('\n')}\n`;
}

/** What one actor does in a row, up to the line that lets another one go on. */
function blocksOf({ lines }: Diagram): DiagramLine[][] {
  const blocks: DiagramLine[][] = [];
  for (const line of lines) {
    const block = blocks.at(-1);
    const last = block?.at(-1);
    if (block === undefined || last?.actor !== line.actor || last.wakes !== null) blocks.push([line]);
    else block.push(line);
  }
  return blocks;
}

function blockLines(block: readonly DiagramLine[]): string[] {
  const last = block[block.length - 1];
  const own = idOf(last.actor);
  const noted = last.wakes === null ? block : block.slice(0, -1);
  return [
    ...(noted.length === 0 ? [] : [`  Note over ${own}: ${noted.map(lineOf).join('<br/>')}`]),
    ...(last.wakes === null ? [] : [`  ${own}->>${idOf(last.wakes)}: ${escape(last.text)}`]),
  ];
}

function lineOf({ depth, text, note }: DiagramLine): string {
  return '#160;#160;'.repeat(depth) + escape(text) + (note === '' ? '' : ` (${escape(note)})`);
}

function idOf(actor: number): string {
  return `A${actor}`;
}

/** Every character that Mermaid or the page around it could take for its own; and its keyword `end`. */
function escape(text: string): string {
  return plain(text)
    .replace(/[^\w ()./+=,'?~-]/gu, (character) => `#${character.codePointAt(0) ?? 63};`)
    .replace(/\bend\b/gi, (word) => `#${word.charCodeAt(0)};${word.slice(1)}`);
}

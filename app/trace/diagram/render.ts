import type { Explanation, Format } from './explanation.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import { renderMermaid } from './mermaid.ts';
import { renderText } from './text.ts';

const RENDERERS: Readonly<Record<Format, (explanation: Explanation) => string>> = {
  text: renderText,
  markdown: renderMarkdown,
  html: renderHtml,
  mermaid: renderMermaid,
};

export function render(explanation: Explanation, format: Format): string {
  return RENDERERS[format](explanation);
}

import { createHash } from 'node:crypto';
import { plain } from '../../../trace/diagram/plain.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** One line of text, harmless between tags and in attributes. Its author may be a stranger. */
export function escape(text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** The same for text of several lines, which may hold tabs. */
export function escapeLines(text: string): string {
  return text.replace(/[^\n\t]+/g, escape);
}

/**
 * The content of a script or style element. Inside of them nothing is unescaped, and what looks like their end is
 * it: a string in our own bundle may look so.
 */
export function raw(content: string): string {
  return content.replace(/<(?=\/(?:script|style)|!--)/gi, '\\x3c');
}

/**
 * Only what the page itself holds may run or style it, told by its hash; nothing is ever fetched or sent. Links to
 * data are downloads and need no permission.
 */
export function policy(script: string | null, style: string): string {
  const hash = (content: string) =>
    `'sha256-${createHash('sha256').update(content, 'utf8').digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${script === null ? "'none'" : hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

import { extname } from 'node:path';
import { parseDocument } from 'yaml';
import type { FileEntry } from '../contract/workspace.ts';

/** What a file is, and a line about it, from its name and the beginning of its text. */
export function describeFile(path: string, head: string): Pick<FileEntry, 'kind' | 'title'> {
  const extension = extname(path).toLowerCase();
  switch (extension) {
    case '.yaml':
    case '.yml':
    case '.replay':
      if (/^scytheReplay:/m.test(head) || extension === '.replay') {
        return { kind: 'replay', title: titleIn(head) };
      }
      if (/^scytheMatrix:/m.test(head)) return { kind: 'matrix', title: titleIn(head) };
      return { kind: /^scythe:/m.test(head) ? 'scenario' : 'other', title: titleIn(head) };
    case '.md':
      return { kind: 'markdown', title: /^# +(.+)$/m.exec(head)?.[1].trim() ?? '' };
    case '.ftrace':
    case '.trace':
      return { kind: 'trace', title: '' };
    case '.txt':
      return { kind: /^# tracer: |^cpus=\d+\n/.test(head) ? 'trace' : 'other', title: '' };
    case '.json':
      return {
        kind: /"traceEvents"\s*:|^\s*\[\s*\{\s*"(?:name|ph|cat)"/.test(head) ? 'trace' : 'other',
        title: '',
      };
    default:
      return { kind: 'other', title: '' };
  }
}

/** The value of the top-level key `title`, which scenarios have near their beginning. */
function titleIn(head: string): string {
  const line = /^title:[^\n]*$/m.exec(head)?.[0];
  if (line === undefined) return '';
  const document = parseDocument(line);
  const title: unknown = document.errors.length > 0 ? '' : document.get('title');
  return typeof title === 'string' ? title : '';
}

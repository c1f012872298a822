import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FileEntry } from '../contract/workspace.ts';
import { describeFile } from './kinds.ts';

/** A folder is listed up to these bounds: somebody may have named their home as the folder of scenarios. */
const MOST_FILES = 5_000;
const DEEPEST = 8;
/** Of each file so much is looked at to tell what it is (bytes). */
const HEAD = 4_096;

interface Known {
  readonly stamp: string;
  readonly description: Pick<FileEntry, 'kind' | 'title'>;
}

/** The files of one folder. Remembers what it has read of them. */
export class Folder {
  private readonly known = new Map<string, Known>();

  constructor(
    readonly root: string,
    /** What paths begin with: `user`. */
    private readonly prefix: string,
    private readonly readOnly: boolean,
  ) {}

  list(): FileEntry[] {
    return [...this.stamps()].map(([path, stamp]) => {
      const { kind, title } = this.describe(path, stamp);
      return { path, kind, title, readOnly: this.readOnly };
    });
  }

  /** By path: what changes with the file. In alphabetical order. */
  stamps(): Map<string, string> {
    const found: [string, string][] = [];
    this.walk('', 0, found);
    return new Map(found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  }

  private walk(below: string, depth: number, found: [string, string][]): void {
    for (const name of entriesOf(join(this.root, below))) {
      if (found.length >= MOST_FILES) return;
      // Hidden files, and what write-file-atomic has under way.
      if (name.startsWith('.') || name === 'node_modules' || /\.\d{5,}$/.test(name)) continue;
      const path = below === '' ? name : `${below}/${name}`;
      // Follows links; opening what leads out of the folder is refused when it is tried.
      const stat = statSync(join(this.root, path), { throwIfNoEntry: false });
      if (stat?.isDirectory() === true && depth < DEEPEST) this.walk(path, depth + 1, found);
      else if (stat?.isFile() === true && !/[\\\0]/.test(name)) {
        found.push([`${this.prefix}/${path}`, `${stat.mtimeMs} ${stat.size}`]);
      }
    }
  }

  private describe(path: string, stamp: string): Known['description'] {
    const known = this.known.get(path);
    if (known?.stamp === stamp) return known.description;
    const head = headOf(join(this.root, path.slice(this.prefix.length + 1)));
    const description = describeFile(path, head);
    this.known.set(path, { stamp, description });
    return description;
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    // Not there yet, or not for us.
    return [];
  }
}

function headOf(file: string): string {
  try {
    const handle = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(HEAD);
      return buffer.toString('utf8', 0, readSync(handle, buffer, 0, HEAD, 0));
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeText } from './files.ts';

const draftSchema = z.object({ path: z.string(), text: z.string() });

/**
 * What has been typed and not saved, one file per document, beside the state of the workbench: the user's own file
 * stays as it is until it is saved.
 */
export class Drafts {
  /** Writes of one draft happen in order, and the last one counts. */
  private readonly queues = new Map<string, Promise<void>>();

  constructor(private readonly folder: string) {}

  read(path: string): string | null {
    return readDraft(this.fileOf(path))?.text ?? null;
  }

  /** Null forgets it. */
  keep(path: string, text: string | null): Promise<void> {
    const before = this.queues.get(path) ?? Promise.resolve();
    const next = before
      .catch(() => undefined)
      .then(async () => {
        const file = this.fileOf(path);
        if (text === null) rmSync(file, { force: true });
        else await writeText(file, path, JSON.stringify({ path, text }));
      })
      .finally(() => {
        if (this.queues.get(path) === next) this.queues.delete(path);
      });
    this.queues.set(path, next);
    return next;
  }

  /** All documents that have one. */
  paths(): string[] {
    let names: string[];
    try {
      names = readdirSync(this.folder);
    } catch {
      return [];
    }
    return names
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => readDraft(join(this.folder, name))?.path ?? [])
      .sort();
  }

  /** Waits for what is being written. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.queues.values()]);
  }

  private fileOf(path: string): string {
    return join(this.folder, `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.json`);
  }
}

/** Null if there is none, or if it is damaged. */
function readDraft(file: string): z.infer<typeof draftSchema> | null {
  try {
    return draftSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

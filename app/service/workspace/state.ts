import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ServiceError } from '../contract/wire.ts';
import { writeText } from './files.ts';

/** A layout or a list of recent files is far smaller (characters). */
const LARGEST_STATE = 1_000_000;

const KEY = /^[a-z0-9][\w.-]{0,63}$/i;

/** Small JSON documents of the workbench itself, one file each. */
export class StateFiles {
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly folder: string) {}

  /** Null if there is none. What is no JSON is set aside: better an empty layout than a workbench that cannot start. */
  read(key: string): unknown {
    const file = this.fileOf(key);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      return null;
    }
    try {
      return JSON.parse(text) as unknown;
    } catch {
      renameSync(file, `${file}.broken`);
      return null;
    }
  }

  write(key: string, value: unknown): Promise<void> {
    const text = JSON.stringify(value ?? null, null, 1);
    if (text.length > LARGEST_STATE) throw new ServiceError('too-large', `the state "${key}" is too large`);
    const file = this.fileOf(key);
    const next = this.last.catch(() => undefined).then(() => writeText(file, `state ${key}`, `${text}\n`));
    this.last = next;
    return next;
  }

  async settle(): Promise<void> {
    await this.last.catch(() => undefined);
  }

  private fileOf(key: string): string {
    if (!KEY.test(key)) {
      throw new ServiceError('invalid', `no key of a state: ${key}`, 'use letters, digits, `.`, `_` and `-`');
    }
    return join(this.folder, `${key}.json`);
  }
}

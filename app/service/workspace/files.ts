import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ServiceError } from '../contract/wire.ts';

/** No text of the workspace is longer (bytes). */
export const LARGEST_FILE = 8_000_000;

/** The text of a file. Throws a ServiceError that says why it cannot be read; `path` is the name to tell. */
export function readText(file: string, path: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new ServiceError('invalid', `${path} is no file`);
    if (stat.size > LARGEST_FILE) {
      throw new ServiceError('too-large', `${path} has more than ${LARGEST_FILE / 1e6} MB`);
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    if (error instanceof TypeError) throw new ServiceError('invalid', `${path} is no UTF-8 text`);
    throw failure(error, path);
  }
}

/** Replaces a file as a whole: whoever reads it meanwhile sees the old text or the new one. */
export async function writeText(file: string, path: string, text: string): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true });
    await writeFileAtomic(file, text, { encoding: 'utf8' });
  } catch (error) {
    throw failure(error, path);
  }
}

/** Changes with the content, and with nothing else. */
export function etagOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Why the file system refused, as an error for the user. */
export function failure(error: unknown, path: string): ServiceError {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return new ServiceError('not-found', `${path}: no such file`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ServiceError('forbidden', `${path}: permission denied`);
    case 'ENOSPC':
      return new ServiceError('failed', `${path}: no space is left on the disk`, 'make room and save again');
    case 'EISDIR':
    case 'ENOTDIR':
      return new ServiceError('invalid', `${path}: a folder is in the way`);
    default:
      return new ServiceError('failed', `${path}: ${message}`);
  }
}

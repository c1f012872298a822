import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { ServiceError } from '../contract/wire.ts';

/** The folders that a path of the workbench can begin with. */
export interface Roots {
  /** The scenarios that come with Scythe: read only. */
  readonly bundled: string;
  /** The user's own. */
  readonly user: string;
}

/** A path of the workbench, looked up. */
export interface Place {
  /** Absolute, without symbolic links. */
  readonly file: string;
  readonly readOnly: boolean;
}

/**
 * Where a path such as `user/my.yaml` lies. Refuses everything that leads out of its folder, also by way of a
 * symbolic link; the schema of the contract has refused `..` before. The file itself need not exist.
 */
export function locate(roots: Roots, path: string): Place {
  const [top, ...rest] = path.split('/');
  if ((top !== 'bundled' && top !== 'user') || rest.length === 0) {
    throw new ServiceError('not-found', `${path}: no such file`, 'paths begin with bundled/ or user/');
  }
  if (rest.some((part) => part === '..' || part === '.' || part === '' || /[\\\0]/.test(part))) {
    throw new ServiceError('invalid', `${path}: no path of the workbench`);
  }
  const root = realOrSelf(roots[top]);
  const file = real(join(root, ...rest));
  if (!file.startsWith(root + sep)) {
    throw new ServiceError('forbidden', `${path} leads out of the folder`, 'open the file that it links to');
  }
  return { file, readOnly: top === 'bundled' };
}

/** The path with all links followed, as far as it exists. A link to nowhere counts as leading out. */
function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const parent = dirname(file);
    if (parent === file) return file;
    if (isLink(file)) return sep;
    return join(real(parent), basename(file));
  }
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function realOrSelf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

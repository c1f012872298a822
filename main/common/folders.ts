import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServiceOptions } from '../../app/service/service.ts';

type Folders = Pick<ServiceOptions, 'bundledDir' | 'userDir' | 'stateDir' | 'sourceDir'>;

/**
 * Where the workbench finds what comes with it, and keeps what is the user's.
 *
 * @param root the folder that holds `scenarios` and `app`
 * @param dataDir the user's; by the habits of the platform unless given
 */
export function foldersIn(root: string, dataDir = usualDataDir()): Folders {
  return {
    bundledDir: join(root, 'scenarios'),
    sourceDir: root,
    userDir: join(dataDir, 'files'),
    stateDir: join(dataDir, 'state'),
  };
}

/** The nearest folder at or above this one that holds the bundled scenarios. */
export function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'scenarios')) && existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new Error(`no folder above ${start} holds the bundled scenarios`);
  }
}

function usualDataDir(): string {
  const { env, platform } = process;
  if (platform === 'win32') return join(env['APPDATA'] ?? homedir(), 'Scythe');
  if (platform === 'darwin') return join(homedir(), 'Library/Application Support/Scythe');
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'scythe');
}

// Where Electron's program is, if it is there or can be fetched.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.js';

const folder = join(root, 'node_modules/electron');

/** Fetching it takes a minute or two; beyond that there is no way to it. */
const FETCH_MS = 300_000;

/** The path of Electron's program, or null. With `fetch` it is fetched if it is not there. */
export function electronPath(fetch = false) {
  const found = installed();
  if (found !== null || !fetch) return found;
  console.error("Fetching Electron's program ...");
  const install = join(folder, 'install.js');
  if (existsSync(install)) {
    spawnSync(process.execPath, [install], { cwd: root, stdio: 'ignore', timeout: FETCH_MS });
  }
  return installed();
}

function installed() {
  const pathFile = join(folder, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const program = join(folder, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(program) ? program : null;
}

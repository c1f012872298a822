// For tests that start what is built: builds it where it is older than its sources, for one test file at a time.
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureBuilt, ensurePageBuilt, root } from './bootstrap.js';

/** A build that takes longer than that has died. */
const LONGEST_BUILD_MS = 300_000;
/** What a test has to wait for at most: somebody else's build, and its own. */
export const BUILD_MS = 400_000;

/** The programs in dist/. */
export function builtPrograms() {
  return alone(ensureBuilt);
}

/** The programs and the workbench's page. */
export function builtWorkbench() {
  return alone(() => {
    ensureBuilt();
    ensurePageBuilt();
  });
}

/** @param {() => void} build */
async function alone(build) {
  const lock = join(root, '.cache/build.lock');
  mkdirSync(join(root, '.cache'), { recursive: true });
  while (!taken(lock)) await pause(250);
  try {
    build();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** @param {string} lock */
function taken(lock) {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > LONGEST_BUILD_MS) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

// What `npm start`, `npm test` and the like need before they can do their work: packages and the bundle.
// Imports nothing but Node, as it runs when nothing is installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The bundle whose age tells whether all of them are up to date. */
const cliBundle = join(root, 'dist/cli/scythe.js');
const page = join(root, 'dist/renderer/index.html');

/** Installs what package-lock.json names, unless just that is installed. Ends the process if it cannot. */
export function ensureInstalled() {
  if (isInstalled()) return;
  console.error('Installing packages (npm ci) ...');
  // npm hands its own path to the scripts it runs; run by hand, the one on the PATH serves.
  const npm = process.env['npm_execpath'];
  const args = ['ci', '--include=dev'];
  const done = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (done.status !== 0) {
    console.error(
      'npm ci failed: see above. It needs Node 20.19 or newer and a way to the package registry.',
    );
    process.exit(3);
  }
}

/** Bundles the programs, unless they are newer than all that goes into them. Ends the process if it cannot. */
export function ensureBuilt() {
  build(cliBundle, '--programs', ['app', 'main', 'build/scripts', 'package-lock.json']);
}

/** The same for the workbench's page. */
export function ensurePageBuilt() {
  build(page, '--page', ['renderer', 'app/service/contract', 'app/trace', 'package-lock.json']);
}

/**
 * @param {string} output
 * @param {string} what
 * @param {string[]} inputs
 */
function build(output, what, inputs) {
  if (existsSync(output)) {
    const builtAtMs = statSync(output).mtimeMs;
    if (inputs.every((input) => newestMs(join(root, input)) < builtAtMs)) return;
  }
  if (runNode(['build/scripts/build.js', what]) !== 0) process.exit(3);
}

/**
 * Runs Node in the root of the repository on this terminal.
 *
 * @param {string[]} args
 * @returns {number} the exit code
 */
export function runNode(args) {
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  return done.status ?? 3;
}

/**
 * Runs Node in the root of the repository and gathers what it prints.
 *
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function captureNode(args) {
  const child = startNode(args);
  const code = await child.ended;
  return { code, output: child.printed() };
}

/**
 * Starts Node in the root of the repository and keeps what it prints until somebody wants to see it.
 *
 * @param {string[]} args
 */
export function startNode(args) {
  const color = process.stdout.isTTY && !process.env['NO_COLOR'] ? { FORCE_COLOR: '1' } : {};
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...color },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let kept = '';
  let shown = false;
  const gather = (/** @type {string} */ text) => {
    if (shown) process.stdout.write(text);
    else kept += text;
  };
  child.stdout.setEncoding('utf8').on('data', gather);
  child.stderr.setEncoding('utf8').on('data', gather);
  return {
    /** The exit code, once all that it prints is here. @type {Promise<number>} */
    ended: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        resolve(code ?? 3);
      });
    }),
    /** Prints what was kept, and from now on what comes. */
    show: () => {
      process.stdout.write(kept);
      kept = '';
      shown = true;
    },
    printed: () => kept,
  };
}

/** True if node_modules holds every package of the lock file in the version that it names. */
function isInstalled() {
  const installed = readLock(join(root, 'node_modules/.package-lock.json'));
  const wanted = readLock(join(root, 'package-lock.json'));
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    // A package for another platform is optional, and npm leaves it out.
    if (found === undefined) return entry.optional === true;
    const same = found.version === entry.version && found.integrity === entry.integrity;
    return same && existsSync(join(root, path));
  });
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockEntry
 *
 * @param {string} file
 * @returns {Record<string, LockEntry>}
 */
function readLock(file) {
  if (!existsSync(file)) return {};
  const lock = /** @type {{ packages: Record<string, LockEntry> }} */ (
    JSON.parse(readFileSync(file, 'utf8'))
  );
  return lock.packages;
}

/**
 * The time of the last change below a path. A folder counts too: its time tells of files that went away.
 *
 * @param {string} path
 * @returns {number}
 */
function newestMs(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

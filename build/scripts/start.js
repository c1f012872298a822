// npm start: opens the workbench, in Electron if its program is there or can be fetched and there is a display, else
// in the browser. Arguments go on to the host: `npm start -- --no-open`. SCYTHE_HOST=web asks for the browser.
import { spawnSync } from 'node:child_process';
import { electronPath } from './electron.js';
import { ensureBuilt, ensureInstalled, ensurePageBuilt, root, runNode } from './bootstrap.js';

ensureInstalled();
ensureBuilt();
ensurePageBuilt();

const args = process.argv.slice(2);
const hasDisplay =
  process.platform !== 'linux' || Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
const wantsBrowser = process.env['SCYTHE_HOST'] === 'web' || args.length > 0;
const electron = hasDisplay && !wantsBrowser ? electronPath(true) : null;

if (electron === null) {
  if (hasDisplay && !wantsBrowser) console.error('Electron cannot be had here: the browser serves as well.');
  process.exitCode = runNode(['dist/web/main.js', ...args]);
} else {
  const done = spawnSync(electron, ['dist/electron/main.js'], { cwd: root, stdio: 'inherit' });
  process.exitCode = done.status ?? 3;
}

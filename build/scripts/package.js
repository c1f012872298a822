// npm run package: packages of the workbench for this system, as electron-builder.yml describes them, in
// dist/packages. Arguments go on to electron-builder: `npm run package -- --linux deb`. For another system than this
// one electron-builder fetches that system's Electron by itself.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, ensurePageBuilt, root, runNode } from './bootstrap.js';
import { electronPath } from './electron.js';

ensureInstalled();
ensureBuilt();
ensurePageBuilt();

if (electronPath(true) === null) {
  console.error(
    "No packages can be built here: Electron's program is not in node_modules/electron/dist and cannot be fetched.\n" +
      'It comes from github.com; behind a mirror, set ELECTRON_MIRROR and run npm run package again.',
  );
  process.exit(3);
}

const args = process.argv.slice(2);
const others = args.some((word) => /^-*(l|linux|w|win|windows|m|mac|macos)$/.test(word));
process.exitCode = runNode([
  'node_modules/electron-builder/cli.js',
  '--config',
  'electron-builder.yml',
  '--publish',
  'never',
  // What has been fetched serves for this system.
  ...(others ? [] : ['--config.electronDist=node_modules/electron/dist']),
  ...args,
]);

const packages = join(root, 'dist/packages');
if (process.exitCode === 0 && existsSync(packages)) {
  const files = readdirSync(packages).filter((name) => /\.(AppImage|deb|dmg|exe)$/.test(name));
  for (const name of files) console.log(`dist/packages/${name}`);
}

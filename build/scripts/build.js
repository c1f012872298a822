// npm run build: bundles the programs of entries.js, and the workbench's page, into dist/.
// With `--programs` or `--page` only those.
import { bundle, bundlePages } from './bundle.js';
import { entries, pages, split } from './entries.js';
import { runNode } from './bootstrap.js';

const wanted = process.argv.slice(2);
const all = wanted.length === 0;

if (all || wanted.includes('--programs')) {
  await bundle(entries);
  await bundle(split, true);
}
if (all || wanted.includes('--page')) {
  await bundlePages(pages);
  const vite = [
    'node_modules/vite/bin/vite.js',
    'build',
    '-c',
    'renderer/vite.config.ts',
    '--logLevel',
    'warn',
  ];
  process.exitCode = runNode(vite);
}

// npm run bench: bundles each build/bench/*.bench.ts and runs it in its own process, one after the other.
// Arguments choose by name: `npm run bench -- steps`.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root, runNode } from './bootstrap.js';

ensureInstalled();
ensureBuilt();

const { bundle } = await import('./bundle.js');
const folder = join(root, 'build/bench');
const wanted = process.argv.slice(2);
const names = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((name) => name.endsWith('.bench.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();

if (names.length === 0) {
  console.error(`no benchmark in build/bench matches: ${wanted.join(' ') || '*'}`);
  process.exitCode = 2;
}
for (const name of names) {
  const outfile = join(root, 'dist/bench', name.replace(/\.ts$/, '.js'));
  await bundle({ [outfile]: join(folder, name) });
  const code = runNode([outfile]);
  if (code !== 0) process.exitCode = code;
}

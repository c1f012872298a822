// npm run check: types, lint, format, layers and build. Each that fails says how to repair it.
// With names as arguments only those.
import { captureNode, ensureInstalled } from './bootstrap.js';

ensureInstalled();

const depcruise = ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs'];

// The first takes longest.
const checks = [
  {
    name: 'types and lint',
    // Its memory grows with the code; by default Node allows itself less on a small machine.
    args: ['--max-old-space-size=3072', 'build/scripts/types-and-lint.js'],
    repair: 'see what failed above',
    hasParts: true,
  },
  {
    name: 'format',
    args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
    repair: 'npm run format',
  },
  {
    name: 'layers',
    args: [
      ...depcruise,
      '--config',
      '.dependency-cruiser.js',
      '--output-type',
      'err',
      'app',
      'main',
      'renderer',
    ],
    repair: 'move the code, or hand the value in from above: .dependency-cruiser.js has the table',
  },
  { name: 'build', args: ['build/scripts/build.js'], repair: 'npm run build shows it again' },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !checks.some((check) => check.name === name));
if (unknown.length > 0) throw new Error(`there is no check "${unknown.join('", "')}"`);
const queue = checks.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
/** @type {string[]} */
const failed = [];

async function work() {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
    const startedMs = performance.now();
    const { code, output } = await captureNode(check.args);
    const tookS = ((performance.now() - startedMs) / 1000).toFixed(1);
    if (code === 0) {
      if (check.hasParts) process.stdout.write(output);
      console.log(`ok      ${check.name} (${tookS} s)`);
    } else {
      failed.push(check.name);
      console.log(`${output.trimEnd()}\nFAILED  ${check.name} (${tookS} s): ${check.repair}`);
    }
  }
}

// Two at a time: most machines that run this have two cores to spare.
await Promise.all([work(), work()]);
if (failed.length > 0) {
  console.log(`checks failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

// npm run check: format, lint, layers, types and build. Each that fails says how to repair it.
import { captureNode, ensureInstalled } from './bootstrap.js';

ensureInstalled();

const eslint = ['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.'];
const depcruise = ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs'];
const tsc = 'node_modules/typescript/bin/tsc';

const checks = [
  { name: 'lint', args: eslint, repair: 'npm run lint:fix repairs some; the rest is by hand' },
  {
    name: 'types',
    args: [tsc, '-p', 'tsconfig.json'],
    repair: 'npm run types shows them again',
  },
  {
    name: 'types of the renderer',
    args: [tsc, '-p', 'renderer/tsconfig.json'],
    repair: 'the renderer knows the DOM and no Node: npm run types:renderer shows them again',
  },
  {
    name: 'types of the preload script',
    args: [tsc, '-p', 'main/preload/tsconfig.json'],
    repair: 'the preload script knows the DOM and no Node: npm run types shows them again',
  },
  {
    name: 'types of the pure folders',
    args: [tsc, '-p', 'tsconfig.pure.json'],
    repair: 'these folders know no Node and no DOM: tsconfig.pure.json says why',
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

const queue = [...checks];
/** @type {string[]} */
const failed = [];

async function work() {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
    const startedMs = performance.now();
    const { code, output } = await captureNode(check.args);
    const tookS = ((performance.now() - startedMs) / 1000).toFixed(1);
    if (code === 0) {
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

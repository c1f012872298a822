// npm test: all that CI checks. Arguments go on to Vitest: `npm test -- app/sim`.
// The tests run even if a check fails, so that one run tells everything.
import { ensureInstalled, runNode } from './bootstrap.js';

ensureInstalled();
const checks = runNode(['build/scripts/check.js']);
const tests = runNode(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
if (checks !== 0) console.error('npm test failed: not all checks above the tests passed');
process.exitCode = checks !== 0 || tests !== 0 ? 1 : 0;

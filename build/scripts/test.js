// npm test: all that CI checks. Arguments go on to Vitest: `npm test -- app/sim`.
// The tests run even if a check fails, so that one run tells everything.
import { ensureInstalled, runNode, startNode } from './bootstrap.js';

ensureInstalled();
// First what others build on, or would disturb: tests start what was built.
const first = runNode(['build/scripts/check.js', 'build', 'format', 'layers']);
// Types and lint keep one core busy, half as long as the tests do two: beside them no core ever waits. What the tests
// print meanwhile is shown afterwards, so that it stays in one piece, and ends with how many passed.
const checks = startNode(['build/scripts/check.js', 'types and lint']);
const tests = startNode(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
checks.show();
const second = await checks.ended;
tests.show();
const failed = await tests.ended;
const unchecked = first !== 0 || second !== 0;
if (unchecked) console.error('npm test failed: not all checks above the tests passed');
process.exitCode = unchecked || failed !== 0 ? 1 : 0;

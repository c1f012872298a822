// npm run build: bundles the `scythe` command into dist/cli/scythe.js.
import { existsSync } from 'node:fs';
import { bundle } from './bundle.js';
import { cliBundle, cliEntry } from './bootstrap.js';

if (existsSync(cliEntry)) {
  await bundle({ [cliBundle]: cliEntry });
} else {
  console.error('app/cli/main.ts is not there: nothing to build');
}

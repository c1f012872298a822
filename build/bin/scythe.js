#!/usr/bin/env node
// The `scythe` command: runs the bundle that `npm run build` makes of app/cli/main.ts.
import { existsSync } from 'node:fs';

const bundle = new URL('../../dist/cli/scythe.js', import.meta.url);

if (existsSync(bundle)) {
  await import(bundle.href);
} else {
  process.stderr.write(
    'scythe: dist/cli/scythe.js is missing: run `npm install`, or `npm run build` if that is done\n',
  );
  process.exitCode = 3;
}

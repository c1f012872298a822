#!/usr/bin/env node
// The `vng` command: runs the bundle that `npm run build` makes of app/vng/entry.ts.
import { existsSync } from 'node:fs';

const bundle = new URL('../../dist/vng/vng.js', import.meta.url);

if (existsSync(bundle)) {
  await import(bundle.href);
} else {
  process.stderr.write(
    'vng: dist/vng/vng.js is missing: run `npm install`, or `npm run build` if that is done\n',
  );
  process.exitCode = 3;
}

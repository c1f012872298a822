// One ESM file per entry: a bundle starts faster than hundreds of modules, and Node 20 cannot read TypeScript.
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { root } from './bootstrap.js';

// Bundled CommonJS packages ask for Node's modules through require, and for the names of their files: ESM has neither.
const commonJs = [
  "import { createRequire as scytheCreateRequire } from 'node:module';",
  "import { fileURLToPath as scytheFileURLToPath } from 'node:url';",
  'const require = scytheCreateRequire(import.meta.url);',
  'const __filename = scytheFileURLToPath(import.meta.url);',
  "const __dirname = scytheFileURLToPath(new URL('.', import.meta.url));",
].join('\n');

/**
 * Ends the process if an entry cannot be built.
 *
 * @param {Record<string, string>} entries output file -> TypeScript file that it is made of
 * @param {boolean} split what is imported on demand becomes a file of its own; the folder of the output is its alone
 */
export async function bundle(entries, split = false) {
  for (const [outfile, entry] of Object.entries(entries)) {
    const folder = dirname(outfile);
    // The names of the parts change with what is in them.
    if (split) rmSync(join(root, folder), { recursive: true, force: true });
    await build({
      absWorkingDir: root,
      banner: isCommonJs(outfile) ? {} : { js: commonJs },
      bundle: true,
      entryPoints: split ? { [basename(outfile, '.js')]: entry } : [entry],
      // just-bash parses shell scripts; its own bundle asks for native modules that are not needed for that.
      // node-pty is a native module; playwright-core, which benchmarks use, finds its own files.
      external: ['electron', 'just-bash', 'node-pty', 'playwright-core'],
      format: isCommonJs(outfile) ? 'cjs' : 'esm',
      logLevel: 'warning',
      minify: false,
      ...(split ? { outdir: folder, splitting: true } : { outfile }),
      platform: 'node',
      sourcemap: true,
      target: 'node20',
    }).catch(() => {
      // esbuild has printed what is wrong, and where.
      process.exit(1);
    });
  }
}

/** @param {string} outfile */
function isCommonJs(outfile) {
  return outfile.endsWith('.cjs');
}

/**
 * Scripts for browsers, each one file that needs no other. Ends the process if one cannot be built.
 *
 * @param {Record<string, string>} pages output file -> TypeScript file that it is made of
 */
export async function bundlePages(pages) {
  for (const [outfile, entry] of Object.entries(pages)) {
    await build({
      absWorkingDir: root,
      bundle: true,
      entryPoints: [entry],
      format: 'iife',
      logLevel: 'warning',
      minify: true,
      outfile,
      platform: 'browser',
      target: 'es2022',
    }).catch(() => {
      process.exit(1);
    });
  }
}

// One ESM file per entry: a bundle starts faster than hundreds of modules, and Node 20 cannot read TypeScript.
import { build } from 'esbuild';
import { root } from './bootstrap.js';

// Bundled CommonJS packages ask for Node's modules through require, which ESM does not have.
const require = [
  "import { createRequire as scytheCreateRequire } from 'node:module';",
  'const require = scytheCreateRequire(import.meta.url);',
].join('\n');

/**
 * Ends the process if an entry cannot be built.
 *
 * @param {Record<string, string>} entries output file -> TypeScript file that it is made of
 */
export async function bundle(entries) {
  for (const [outfile, entry] of Object.entries(entries)) {
    await build({
      absWorkingDir: root,
      banner: { js: require },
      bundle: true,
      entryPoints: [entry],
      // Parses shell scripts; its bundle asks for native modules that are not needed for that.
      external: ['just-bash'],
      format: 'esm',
      logLevel: 'warning',
      minify: false,
      outfile,
      platform: 'node',
      sourcemap: true,
      target: 'node20',
    }).catch(() => {
      // esbuild has printed what is wrong, and where.
      process.exit(1);
    });
  }
}

import { build } from 'esbuild';
import { gzipSync } from 'fflate';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { encodeFrame } from '../../app/service/contract/frame.ts';
import { traceOf } from '../panels/timeline/testing/trace.ts';
import { readTrace } from './read-trace.ts';

test('a trace comes out of a page as it went in', async () => {
  const trace = traceOf([{ id: 1, name: '</script>' }], [{ track: 1, name: 'f', startNs: 1, endNs: 2 }]);
  const base64 = Buffer.from(gzipSync(encodeFrame(trace))).toString('base64');
  expect(await readTrace(`\n${base64}\n`)).toEqual(trace);
});

test('the script is small, is one file, and has nowhere to go', async () => {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    bundle: true,
    entryPoints: ['renderer/export/page.ts'],
    format: 'iife',
    logLevel: 'silent',
    minify: true,
    outfile: 'page.js',
    write: false,
  });
  expect(outputFiles.map(({ path }) => path.replace(/^.*\./, '')).sort()).toEqual(['css', 'js']);
  for (const { text } of outputFiles) {
    // A schema library in every page would be twenty times as much.
    expect(text.length).toBeLessThan(60_000);
    expect(text).not.toMatch(/https?:|\bfetch\(|XMLHttpRequest|WebSocket|\beval\(|innerHTML|import\(/);
  }
});

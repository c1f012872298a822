import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gunzipStored, gzipStored } from './gzip.ts';

test.each([
  ['', 'empty'],
  ['CONFIG_KASAN=y\n', 'short'],
  ['x'.repeat(200_000), 'more than a block'],
])('zlib reads what gzipStored() writes, and so do we (%#)', (text) => {
  const file = gzipStored(text);
  expect(gunzipSync(Buffer.from(file, 'latin1')).toString('latin1')).toBe(text);
  expect(gunzipStored(file)).toEqual({ data: text });
});

test('a file that is none or was cut off is refused', () => {
  expect(gunzipStored('plain')).toEqual({ error: 'not in gzip format' });
  expect(gunzipStored(gzipStored('abc').slice(0, 16))).toEqual({ error: 'unexpected end of file' });
});

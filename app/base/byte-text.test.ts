import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  binaryText,
  ByteDecoder,
  byteLength,
  bytesOfText,
  decodeText,
  encodeText,
  textOfBytes,
} from './byte-text.ts';

describe('bytes as text', () => {
  test('any bytes come out as they went in, in whatever pieces', () => {
    const stream = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'binary' }), fc.nat(20));
    fc.assert(
      fc.property(stream, ([noise, text, cut]) => {
        const bytes = Buffer.concat([noise, Buffer.from(text), noise]);
        const decoder = new ByteDecoder();
        const at = Math.min(cut, bytes.length);
        const read = decoder.decode(bytes.subarray(0, at)) + decoder.decode(bytes.subarray(at), true);
        expect(Buffer.from(encodeText(read))).toEqual(bytes);
        expect(read).toBe(decodeText(bytes));
      }),
    );
  });

  test('UTF-8 is text, and text is UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeText(Buffer.from(text))).toBe(text);
        expect(Buffer.from(encodeText(text)).toString()).toBe(text);
        expect(textOfBytes(bytesOfText(text))).toBe(text);
      }),
    );
  });

  test('a character waits for its other half', () => {
    const decoder = new ByteDecoder();
    const skull = Buffer.from('💀');
    const read = [...skull].map((byte) => decoder.decode(Uint8Array.of(byte)));
    expect(read).toEqual(['', '', '', '💀']);
  });

  test('binary data keep a character for each byte, also where they look like UTF-8', () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i), 0xc3, 0xa9);
    const text = binaryText(all);
    expect(text).toHaveLength(all.length);
    expect(bytesOfText(text)).toBe(all);
    expect(Buffer.from(encodeText(text)).toString('latin1')).toBe(all);
  });

  test.each([
    ['overlong', [0xc0, 0xaf], '\udcc0\udcaf'],
    ['a surrogate', [0xed, 0xb2, 0x80], '\udced\udcb2\udc80'],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
    ['cut off', [0x41, 0xe2, 0x82], 'A\udce2\udc82'],
  ])('%s is not text', (_, bytes, text) => {
    expect(decodeText(Uint8Array.from(bytes))).toBe(text);
  });

  test('counts bytes', () => {
    expect(byteLength('é\udc80a')).toBe(4);
  });
});

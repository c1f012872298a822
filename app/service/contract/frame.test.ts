import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from './frame.ts';

describe('a frame', () => {
  test('gives back what went in, arrays of numbers included', () => {
    const message = { a: [1, 'x', null], f: new Float64Array([1.5, -2]), deep: { u: new Uint32Array([7]) } };
    expect(decodeFrame(encodeFrame(message))).toEqual(message);
  });

  test('may lie anywhere in a larger buffer', () => {
    const frame = encodeFrame({ f: new Float64Array([3]) });
    const buffer = new Uint8Array(frame.length + 3);
    buffer.set(frame, 3);
    expect(decodeFrame(buffer.subarray(3))).toEqual({ f: new Float64Array([3]) });
  });

  test('gives back any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const message = { value };
        expect(decodeFrame(encodeFrame(message))).toEqual(JSON.parse(JSON.stringify(message)));
      }),
    );
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['a text that is longer than the frame', new Uint8Array([255, 0, 0, 0, 123])],
    ['an array outside of the frame', encodeFrame({ x: { $bytes: ['u8', 0, 99] } })],
    ['an array of no known kind', encodeFrame({ x: { $bytes: ['u64', 0, 0] } })],
    ['a place that is no place', encodeFrame({ x: { $bytes: ['u8', -8, 1.5] } })],
  ])('is refused: %s', (_what, bytes) => {
    expect(() => decodeFrame(bytes)).toThrow('not a message of the workbench');
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashText, RunningHash } from './hash.ts';
import { Prng } from './prng.ts';

describe('RunningHash', () => {
  test('tells sequences apart that differ in order, value or length', () => {
    const digest = (...values: number[]): string => {
      const hash = new RunningHash();
      for (const value of values) hash.integer(value);
      return hash.digest();
    };
    const digests = [
      digest(),
      digest(0),
      digest(0, 0),
      digest(1, 2),
      digest(2, 1),
      digest(2 ** 40),
      digest(2 ** 41),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  // Values must not change between releases: replay files hold them.
  test('gives the values that replay files of the first release hold', () => {
    const hash = new RunningHash();
    hash.integer(42);
    hash.text('mmap_lock');
    expect([hash.digest(), hashText('mmap_lock')]).toMatchInlineSnapshot(`
      [
        "a8b563ec33a10279",
        2730008300,
      ]
    `);
  });
});

describe('Prng', () => {
  test('gives the same numbers for a seed on every platform', () => {
    const prng = new Prng(7);
    expect([prng.word(), prng.word(), prng.below(6), prng.below(6)]).toMatchInlineSnapshot(`
      [
        -661953028,
        2080650226,
        5,
        0,
      ]
    `);
  });

  test('stays below its bound', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 0x100000 }), (seed, bound) => {
        const value = new Prng(seed).below(bound);
        return Number.isInteger(value) && value >= 0 && value < bound;
      }),
    );
  });

  test('reaches every value of a small range about as often as the others', () => {
    const prng = new Prng(1);
    const counts = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 6000; i++) counts[prng.below(6)] += 1;
    for (const count of counts) expect(count).toBeGreaterThan(800);
  });
});

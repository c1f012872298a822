import { describe as suite, expect, test } from 'vitest';
import { placeAt, placeToComplete } from './place.ts';
import { describe, keysAt, valuesAt, type Schema } from './schema.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    kernel: {
      type: 'object',
      description: 'What is booted.',
      properties: {
        tree: {
          type: 'string',
          description: 'The era.',
          anyOf: [{ const: 'v6.12', description: 'Of the captures' }, { const: 'v6.18' }],
        },
        patches: {
          type: 'array',
          items: { type: 'string', anyOf: [{ const: 'raw-lock', description: 'A raw lock' }] },
        },
        config: {
          type: 'object',
          propertyNames: { anyOf: [{ const: 'PREEMPT_RT', description: 'Real time' }, { const: 'KASAN' }] },
          additionalProperties: { anyOf: [{ type: 'string', enum: ['y', 'n'] }, { type: 'integer' }] },
        },
      },
      required: ['tree'],
    },
    guest: { $ref: '#/$defs/guest' },
  },
  $defs: {
    guest: { type: 'object', description: 'What it does.', properties: { console: { type: 'string' } } },
  },
};

/** The place at `|` in a text. */
function complete(text: string) {
  const offset = text.indexOf('|');
  return placeToComplete(text.slice(0, offset) + text.slice(offset + 1), offset);
}

suite('what could be typed', () => {
  test.each([
    ['ker|', [], 'value', 'ker'],
    ['kernel:\n  tr|\n', ['kernel'], 'value', 'tr'],
    ['kernel:\n  tree: v6.12\n  con|\n', ['kernel'], 'key', 'con'],
    ['kernel:\n  tree: v6.12\n  con|\nguest:\n  console: ls\n', ['kernel'], 'key', 'con'],
    ['kernel:\n  tree: |\n', ['kernel', 'tree'], 'value', ''],
    ['kernel:\n  tree: v6|\nguest: {}\n', ['kernel', 'tree'], 'value', 'v6'],
    ['kernel:\n  config: { PREEMPT_RT: n, KA| }\n', ['kernel', 'config'], 'key', 'KA'],
    ['kernel:\n  config: { PREEMPT_RT: | }\n', ['kernel', 'config', 'PREEMPT_RT'], 'value', ''],
    ['kernel:\n  patches:\n    - raw|\n', ['kernel', 'patches', 0], 'value', 'raw'],
    ['kernel:\n  patches: [raw|]\n', ['kernel', 'patches', 0], 'value', 'raw'],
  ])('%j', (text, path, part, word) => {
    expect(complete(text)).toMatchObject({ path, part, word });
  });

  test('is told apart from a script', () => {
    const text = 'guest:\n  console: !\n    echo hi\n    sim\n'.replace('!', '|');
    expect(placeToComplete(text, text.indexOf('sim') + 3)).toMatchObject({ inBlock: true });
  });
});

test('what stands at a place is found, keys and values', () => {
  const text = 'kernel:\n  tree: v6.12\n  patches: [raw-lock]\n';
  expect(placeAt(text, text.indexOf('tree') + 1)).toMatchObject({
    path: ['kernel'],
    part: 'key',
    word: 'tree',
  });
  expect(placeAt(text, text.indexOf('raw') + 1)).toMatchObject({
    path: ['kernel', 'patches', 0],
    word: 'raw-lock',
  });
  expect(placeAt('', 0)).toBeNull();
});

suite('the schema', () => {
  test('knows keys, those of references and of names in a registry too', () => {
    expect(keysAt(schema, []).map(({ word, holds }) => [word, holds])).toEqual([
      ['kernel', 'map'],
      ['guest', 'map'],
    ]);
    expect(keysAt(schema, ['kernel', 'config']).map(({ word }) => word)).toEqual(['PREEMPT_RT', 'KASAN']);
    expect(keysAt(schema, ['guest']).map(({ word }) => word)).toEqual(['console']);
  });

  test('knows values', () => {
    expect(valuesAt(schema, ['kernel', 'tree']).map(({ word }) => word)).toEqual(['v6.12', 'v6.18']);
    expect(valuesAt(schema, ['kernel', 'config', 'KASAN']).map(({ word }) => word)).toEqual(['y', 'n']);
    expect(valuesAt(schema, ['kernel', 'patches', 0]).map(({ word }) => word)).toEqual(['raw-lock']);
    expect(valuesAt(schema, ['no', 'such'])).toEqual([]);
  });

  test('explains a value and the key that it belongs to', () => {
    expect(describe(schema, ['kernel', 'tree'], 'v6.12')).toBe('Of the captures\n\nThe era.');
    expect(describe(schema, ['guest'], '')).toBe('What it does.');
  });
});

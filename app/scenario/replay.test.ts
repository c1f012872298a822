import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from './issues.ts';
import { formatReplay, parseReplay, type ReplayFile } from './replay.ts';

const replay: ReplayFile = {
  title: 'BUG: sleeping function called from invalid context in kvm_x',
  scenario: {
    name: 'reap.yaml',
    text: '# Result: a splat.\nscythe: 1\ntitle: "x: y"\nguest:\n  console: |\n    a\n\n    b\n',
  },
  overrides: {
    tree: 'v6.12',
    patches: [],
    config: [
      { name: 'KASAN', value: 'n' },
      { name: 'HZ', value: 1000 },
    ],
    append: ['kasan_multi_shot'],
  },
  seed: 7,
  clock: 'timed',
  schedule: [0, 0, 0, 5, 1, 1],
  steps: 6,
  eventHash: '0123456789abcdef',
};

test('what is written is read again', () => {
  expect(parseReplay(formatReplay(replay), 'r')).toEqual(replay);
});

test('any texts and schedules survive', () => {
  const texts = fc.string({ minLength: 1, maxLength: 60 }).filter((text) => !/[^\n\t\x20-\x7e]/.test(text));
  const schedules = fc.array(fc.nat({ max: 40 }), { maxLength: 200 });
  fc.assert(
    fc.property(texts, texts, schedules, fc.nat(), (title, text, schedule, seed) => {
      const one = { ...replay, title, scenario: { name: 'x', text }, schedule, seed };
      expect(parseReplay(formatReplay(one), 'r')).toEqual(one);
    }),
  );
});

test('the schedule is wrapped and nothing else about the run is kept', () => {
  const text = formatReplay({ ...replay, schedule: Array.from({ length: 3000 }, (_, i) => i % 7) });
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  expect(text).not.toContain('dmesg');
});

describe('a damaged file is refused', () => {
  const whole = formatReplay(replay);
  test.each([
    ['cut off in the head', whole.slice(0, 80), /^r.replay:3:1: no valid YAML/],
    [
      'another version',
      whole.replace('scytheReplay: 1', 'scytheReplay: 9'),
      /reads replay files of version 1/,
    ],
    ['a word in the schedule', whole.replace('0*3', 'zero'), /schedule is no schedule/],
    ['an endless schedule', whole.replace('0*3', '0*99999999'), /schedule is no schedule/],
    ['a hash that is none', whole.replace('0123456789abcdef', '0123'), /eventHash/],
    ['an unknown key', `${whole}extra: 1\n`, /unknown key "extra"/],
    ['a scenario', 'scythe: 1\ntitle: t\nguest: { console: x }\n', /unknown key "scythe"/],
  ])('%s', (_name, text, message) => {
    expect(() => parseReplay(text, 'r.replay')).toThrow(InputError);
    expect(() => parseReplay(text, 'r.replay')).toThrow(message);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseArguments } from './argparse.ts';
import { completionScript } from './completion.ts';
import { optionTable, type OptionKind } from './options.ts';
import { formatHelp, formatUsage } from './usage.ts';

/** The options of virtme-ng 1.41 as its documentation lists them. */
const documented = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testing/virtme-ng-1.41-options.json'), 'utf8'),
) as readonly { readonly flags: readonly string[]; readonly takes: string }[];

const TAKES: Readonly<Record<OptionKind, string>> = {
  ...{ flag: 'nothing', count: 'count', value: 'value', append: 'values', optional: 'optional value' },
  ...{ help: 'nothing', version: 'nothing' },
};

/** The table without what every argparse program has, and without our own. */
const emulated = optionTable.filter(({ section, own }) => section !== 'options' && own !== true);

describe('the table of options', () => {
  test.each(documented.map((row) => [row.flags.join(' '), row] as const))('has %s', (_name, row) => {
    const found = emulated.find(({ flags }) => flags[0] === row.flags[0]);
    expect(found?.flags).toEqual(row.flags);
    expect(found && TAKES[found.kind]).toBe(row.takes);
  });

  test('has no others that are not marked as ours', () => {
    const names = documented.map(({ flags }) => flags[0]);
    expect(emulated.map(({ flags }) => flags[0]).filter((name) => !names.includes(name))).toEqual([]);
    const own = optionTable.filter((row) => row.own === true);
    expect(own.every(({ section }) => section === "Scythe's own")).toBe(true);
    expect(own.map(({ flags }) => flags[0])).toContain('--patch');
  });

  test('names no flag twice', () => {
    const flags = optionTable.flatMap((row) => row.flags);
    expect(new Set(flags).size).toBe(flags.length);
  });

  test('is all of the help and of the completion', () => {
    const help = formatHelp(100);
    const completion = completionScript('bash');
    for (const { flags } of optionTable) {
      expect(help).toContain(`  ${flags[0]}`);
      for (const flag of flags) expect(completion).toContain(flag);
    }
  });
});

const parse = (line: string) => {
  const parsed = parseArguments(line === '' ? [] : line.split(' '));
  return 'shows' in parsed
    ? parsed
    : { ...Object.fromEntries(parsed.values), words: parsed.positionals.join(' ') };
};

describe('arguments are read as argparse of Python reads them', () => {
  test.each([
    ['', { words: '' }],
    ['--cpu 4', { cpus: '4', words: '' }],
    ['--net user --mem 2G', { network: ['user'], memory: '2G', words: '' }],
    ['--cpus=4', { cpus: '4', words: '' }],
    ['-p4 -m=2G', { cpus: '4', memory: '2G', words: '' }],
    ['-vb', { verbose: 1, build: true, words: '' }],
    ['-vvr v6.12', { verbose: 2, run: 'v6.12', words: '' }],
    ['-r -- uname -r', { run: '', words: 'uname -r' }],
    ['-r v6.12 uname -v', { run: 'v6.12', verbose: 1, words: 'uname' }],
    ['-a one -a two', { append: ['one', 'two'], words: '' }],
    ['--console --cpus 2', { console: '2222', cpus: '2', words: '' }],
    ['--append=-x', { append: ['-x'], words: '' }],
    ['echo -1', { words: 'echo -1' }],
    ['-- --bogus', { words: '--bogus' }],
    ['--verbose --help --bogus', { shows: 'help' }],
    ['-V', { shows: 'version' }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toEqual(expected);
  });

  test('our own options cannot be abbreviated, so that all abbreviations stay as they are', () => {
    expect(parse('--pi 0')).toEqual({ pin: '0', words: '' });
    expect(() => parse('--patc x')).toThrow('unrecognized arguments: --patc');
  });
});

test('the usage is wrapped as argparse wraps it', () => {
  const usage = formatUsage(80);
  expect(usage).toMatch(
    /^usage: vng \[-h\] \[--version\] \[--run \[RUN\] \| --build \| --clean \| --dump FILE \|\n {11}--mcp\] /,
  );
  expect(usage).toMatch(/\n {11}\[envs \.\.\.\]\n$/);
  expect(Math.max(...usage.split('\n').map((line) => line.length))).toBeLessThanOrEqual(78);
});

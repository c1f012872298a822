import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SearchDocument } from './search-render.ts';

const root = resolve(import.meta.dirname, '../..');
const bundle = 'dist/test/explore/scythe.js';
let folder = '';

// A bundle of its own: other tests build the one of the command at the same time.
beforeAll(() => {
  const script = `const { bundle } = await import('./build/scripts/bundle.js');
    await bundle({ '${bundle}': 'app/cli/main.ts' });`;
  const built = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(built.stderr);
  folder = mkdtempSync(join(tmpdir(), 'scythe-explore-'));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scythe(...args: string[]) {
  return spawnSync(process.execPath, [bundle, ...args], { cwd: root, encoding: 'utf8' });
}

function explore(...args: string[]): SearchDocument {
  const { stdout, stderr } = scythe('explore', ...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as SearchDocument;
}

/** The document without what differs from one computer to the next. */
function timeless(document: SearchDocument): Partial<SearchDocument> {
  return { ...document, elapsedMs: 0 };
}

const V2 = ['--patch', 'mmu-notifier-async-oom-v2'];
const FREED = 'SCYTHE: guest write to a freed page in vcpu_enter_guest';

describe('scythe explore --program', () => {
  test.each([
    ['readers:2', 4],
    ['readers:8', 256],
    ['lastzero:5', 64],
    ['indexer:12', 8],
    ['filesystem:14', 2],
    ['filesystem:16', 8],
  ])('%s has %i executions, none of them blocked', (program, executions) => {
    const document = explore('--program', program, '--strategy', 'dpor');
    expect(document).toMatchObject({ executions, blocked: 0, complete: true, outcomes: [], verdict: 'pass' });
  });

  test('one worker and two come to the same document', () => {
    const one = explore('--program', 'lastzero:7', '--workers', '1');
    const two = explore('--program', 'lastzero:7', '--workers', '2');
    expect(one).toMatchObject({ executions: 320, blocked: 0, complete: true });
    expect(timeless(two)).toEqual(timeless(one));
  });

  test('a search goes on from its checkpoint where a budget has ended it', () => {
    const checkpoint = join(folder, 'search.json');
    const begun = explore('--program', 'lastzero:7', '--checkpoint', checkpoint, '--executions', '100');
    expect(begun.complete).toBe(false);
    const whole = explore('--resume', checkpoint);
    expect(whole).toMatchObject({ executions: 320, complete: true });
  });
});

describe('scythe explore of a scenario', () => {
  test('the plain kernel is clean in every execution', () => {
    const { stdout, status } = scythe('explore', 'kvm-oom/search-dontneed');
    expect(stdout).toContain('nothing was found');
    expect(stdout).toContain('covered  complete: every execution');
    expect(stdout).toContain('verdict: as expected');
    expect(status).toBe(0);
  }, 60_000);

  test('what is found replays in other processes, each time the same', () => {
    const replays = join(folder, 'found');
    const found = scythe('explore', 'kvm-oom/search-run', ...V2, '--save-replays', replays);
    expect(found.stdout).toContain(`found    ${FREED}`);
    expect(found.status).toBe(1);
    const [name] = readdirSync(replays);
    const path = join(replays, name);
    const replayed = scythe('replay', path);
    expect(replayed.stdout).toContain(FREED);
    expect(replayed.stdout).toContain('replay: identical');
    expect(replayed.status).toBe(0);

    const texts = Array.from({ length: 3 }, () => scythe('replay', path, '--json').stdout);
    expect(new Set(texts).size).toBe(1);
    expect(readFileSync(path, 'utf8')).toContain('clock: steps');
  }, 60_000);

  test.each([['dpor'], ['pct'], ['random']])(
    '%s: one worker and two come to the same document',
    (strategy) => {
      const args = ['kvm-oom/search-dontneed', ...V2, '--strategy', strategy, '--executions', '60'];
      const one = explore(...args, '--workers', '1');
      const two = explore(...args, '--workers', '2');
      expect(one.executions).toBeGreaterThan(10);
      expect(timeless(two)).toEqual(timeless(one));
      if (strategy === 'dpor') expect(timeless(explore(...args))).toEqual(timeless(one));
    },
    60_000,
  );

  test('a budget ends a search and says so', () => {
    const { stdout } = scythe('explore', 'kvm-oom/search-exit', '--strategy', 'random', '--executions', '5');
    expect(stdout).toContain('budget spent, not complete');
    expect(stdout).toContain('searched 5 executions');
  });
});

describe('bad usage of scythe explore', () => {
  test.each([
    ['nothing to explore', [], /^explore: nothing to explore/],
    ['an unknown program', ['--program', 'lastzero:x'], /^--program: unknown program "lastzero:x"/],
    ['an unknown strategy', ['kvm-oom/search-run', '--strategy', 'luck'], /Allowed choices are dpor/],
    ['both', ['kvm-oom/search-run', '--program', 'readers:2'], /^--program: "kvm-oom\/search-run" is to be/],
    ['a kernel for a program', ['--program', 'readers:2', '--tree', 'v6.12'], /a program has no kernel/],
    [
      'a depth for dpor',
      ['kvm-oom/search-run', '--depth', '3'],
      /^--depth: the strategy "dpor" has no depth/,
    ],
    ['no time', ['kvm-oom/search-run', '--time', 'soon'], /a duration such as 30s/],
    [
      'workers for a bound',
      ['kvm-oom/search-run', '--preemptions', '1', '--workers', '2'],
      /^--workers: a search by "bounded" cannot be split/,
    ],
    [
      'a checkpoint of a random walk',
      ['kvm-oom/search-run', '--strategy', 'random', '--checkpoint', 'x'],
      /^--checkpoint: a search by "random" cannot be taken up again/,
    ],
    [
      'a checkpoint that is none',
      ['--resume', 'package.json'],
      /^package.json: is no checkpoint of this Scythe/,
    ],
  ])('%s is refused with the fix', (_what, args, message) => {
    const { status, stdout, stderr } = scythe('explore', ...args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe('scythe matrix', () => {
  const kernels = ['--trees', 'v6.12', 'v6.18', '--patches', 'none', 'mmu-notifier-async-oom-v2'];

  test('a table says what each kernel comes to', () => {
    const { stdout, status } = scythe(
      'matrix',
      'kvm-oom/search-run',
      ...kernels,
      '--explore',
      '--executions',
      '40',
    );
    expect(stdout).toMatch(/^v6.12 none +pass/m);
    expect(stdout).toMatch(/^v6.18 mmu-notifier-async-oom-v2 +fail/m);
    expect(stdout).toContain(`[1] ${FREED}`);
    expect(status).toBe(1);
  }, 60_000);

  test.each([
    ['markdown', /^\| kernel \| verdict \| of \|/],
    ['json', /^\{\n {2}"scenario": "kvm-oom\/reap"/],
    ['junit', /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites tests="2" failures="0"/],
  ])(
    'the same in the format %s',
    (format, beginning) => {
      const { stdout, status } = scythe(
        'matrix',
        'kvm-oom/reap',
        '--config',
        'PREEMPT_RT=y',
        'PREEMPT_RT=n',
        '--format',
        format,
      );
      expect(stdout).toMatch(beginning);
      expect(status).toBe(0);
    },
    60_000,
  );
});

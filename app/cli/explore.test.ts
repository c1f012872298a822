import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILD_MS, builtPrograms } from '../../build/scripts/built.js';
import type { SearchDocument } from './search-render.ts';
import { scythe, spawnScythe } from './testing/command.ts';

let folder = '';

beforeAll(async () => {
  await builtPrograms();
  folder = mkdtempSync(join(tmpdir(), 'scythe-explore-'));
}, BUILD_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function explore(...args: string[]): Promise<SearchDocument> {
  // Threads begin in the bundle.
  const start = args.includes('--workers') ? spawnScythe : scythe;
  const { stdout, stderr } = await start('explore', ...args, '--json');
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
  ])('%s has %i executions, none of them blocked', async (program, executions) => {
    const document = await explore('--program', program, '--strategy', 'dpor');
    expect(document).toMatchObject({ executions, blocked: 0, complete: true, outcomes: [], verdict: 'pass' });
  });

  test('one worker and two come to the same document', async () => {
    const one = await explore('--program', 'lastzero:7', '--workers', '1');
    const two = await explore('--program', 'lastzero:7', '--workers', '2');
    expect(one).toMatchObject({ executions: 320, blocked: 0, complete: true });
    expect(timeless(two)).toEqual(timeless(one));
  });

  test('a search goes on from its checkpoint where a budget has ended it', async () => {
    const checkpoint = join(folder, 'search.json');
    const begun = await explore('--program', 'lastzero:7', '--checkpoint', checkpoint, '--executions', '100');
    expect(begun.complete).toBe(false);
    const whole = await explore('--resume', checkpoint);
    expect(whole).toMatchObject({ executions: 320, complete: true });
  });
});

describe('scythe explore of a scenario', () => {
  test('the plain kernel is clean in every execution', async () => {
    const { stdout, status } = await scythe('explore', 'kvm-oom/search-dontneed');
    expect(stdout).toContain('nothing was found');
    expect(stdout).toContain('covered  complete: every execution');
    expect(stdout).toContain('verdict: as expected');
    expect(status).toBe(0);
  }, 60_000);

  test('what is found replays in other processes, each time the same', async () => {
    const replays = join(folder, 'found');
    const found = await scythe('explore', 'kvm-oom/search-run', ...V2, '--save-replays', replays);
    expect(found.stdout).toContain(`found    ${FREED}`);
    expect(found.status).toBe(1);
    const [name] = readdirSync(replays);
    const path = join(replays, name);
    const replayed = spawnScythe('replay', path);
    expect(replayed.stdout).toContain(FREED);
    expect(replayed.stdout).toContain('replay: identical');
    expect(replayed.status).toBe(0);

    const texts = Array.from({ length: 3 }, () => spawnScythe('replay', path, '--json').stdout);
    expect(new Set(texts).size).toBe(1);
    expect(readFileSync(path, 'utf8')).toContain('clock: steps');
  }, 60_000);

  test.each([['dpor'], ['pct'], ['random']])(
    '%s: one worker and two come to the same document',
    async (strategy) => {
      const args = ['kvm-oom/search-dontneed', ...V2, '--strategy', strategy, '--executions', '60'];
      const one = await explore(...args, '--workers', '1');
      const two = await explore(...args, '--workers', '2');
      expect(one.executions).toBeGreaterThan(10);
      expect(timeless(two)).toEqual(timeless(one));
      if (strategy === 'dpor') expect(timeless(await explore(...args))).toEqual(timeless(one));
    },
    60_000,
  );

  test('a budget ends a search and says so', async () => {
    const { stdout } = await scythe(
      'explore',
      'kvm-oom/search-exit',
      '--strategy',
      'random',
      '--executions',
      '5',
    );
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
  ])('%s is refused with the fix', async (_what, args, message) => {
    const { status, stdout, stderr } = await scythe('explore', ...args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe('scythe matrix', () => {
  const kernels = ['--trees', 'v6.12', 'v6.18', '--patches', 'none', 'mmu-notifier-async-oom-v2'];

  test('a table says what each kernel comes to', async () => {
    const { stdout, status } = await scythe(
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
    async (format, beginning) => {
      const { stdout, status } = await scythe(
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

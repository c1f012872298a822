import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILD_MS, builtPrograms } from '../../build/scripts/built.js';
import { VERSION } from '../base/version.ts';
import type { ResultDocument } from './render.ts';
import { root, scythe, spawnScythe, type Ended } from './testing/command.ts';

let folder = '';

beforeAll(async () => {
  await builtPrograms();
  folder = mkdtempSync(join(tmpdir(), 'scythe-'));
}, BUILD_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A run as its JSON document. */
function documentOf({ stdout, stderr }: Ended): ResultDocument {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as ResultDocument;
}

async function json(...args: string[]): Promise<ResultDocument> {
  return documentOf(await scythe('run', ...args, '--json'));
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the command line', () => {
  test('--version is that of the package', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
    expect(spawnScythe('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('--help shows the commands, examples and exit codes', () => {
    const { status, stdout } = spawnScythe('--help');
    expect(status).toBe(0);
    for (const part of ['run', 'replay', 'list', 'Examples:', 'Exit codes:']) expect(stdout).toContain(part);
    expect(spawnScythe('run', '--help').stdout).toContain('--save-replay <file>');
  });

  test.each([
    ['no command', [], /Usage: scythe/],
    ['an unknown command', ['rnu'], /unknown command 'rnu'/],
    ['an unknown option', ['run', 'kvm-oom/reap', '--tre', 'x'], /unknown option '--tre'/],
    ['no scenario', ['run'], /missing required argument 'scenario'/],
    ['a missing file', ['run', 'nope.yaml'], /^nope.yaml: cannot be read: there is no such file/],
    ['a folder', ['run', 'scenarios'], /^scenarios: cannot be read: it is a folder/],
    [
      'an unknown tree',
      ['run', 'kvm-oom/reap', '--tree', 'v6.13'],
      /^--tree: unknown tree "v6.13"; did you mean/,
    ],
    ['an unknown patch', ['run', 'kvm-oom/reap', '--patch', 'mn-raw'], /^--patch: unknown patch "mn-raw"/],
    ['a bad option value', ['run', 'kvm-oom/reap', '--config', 'KASAN'], /OPTION=y, OPTION=n/],
    ['a contradiction', ['run', 'kvm-oom/reap', '--config', 'KCSAN=y'], /^--config: KCSAN=y needs KASAN=n/],
    ['a bad seed', ['run', 'kvm-oom/reap', '--seed', '-1'], /whole number from 0 on/],
    ['no iterations', ['run', 'kvm-oom/reap', '--iterations', '0'], /whole number from 1 on/],
    [
      'two on standard output',
      ['run', 'kvm-oom/reap', '--json', '--dmesg', '-'],
      /^--dmesg -: standard output is taken by --json/,
    ],
    ['an unknown list', ['list', 'tree'], /Allowed choices are trees, patches/],
    ['a scenario as a replay', ['replay', 'scenarios/kvm-oom/reap.yaml'], /unknown key "scythe"/],
  ] as [string, string[], RegExp][])('%s is refused with code 2', async (_name, args, message) => {
    const { status, stdout, stderr } = await scythe(...args);
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test('a scenario with mistakes shows all of them with their places', () => {
    const path = file(
      'bad.yaml',
      'scythe: 1\ntitle: t\nguest: { console: "true" }\nkernal: {}\niterations: 0\n',
    );
    const { status, stderr } = spawnScythe('run', path);
    expect(status).toBe(2);
    expect(stderr).toBe(
      `${path}:4:1: unknown key "kernal"; did you mean "kernel"?\n${path}:5:13: iterations must be at least 1, not 0\n`,
    );
  });

  test('an output that cannot be written is told', async () => {
    const { status, stderr } = await scythe(
      'run',
      'kvm-oom/reap',
      '--dmesg',
      join(folder, 'no', 'such', 'folder'),
    );
    expect(status).toBe(2);
    expect(stderr).toContain('cannot be written');
  });

  test.each(['trees', 'patches', 'config', 'programs', 'scenarios'])(
    'list %s names things, with --json as data',
    async (what) => {
      const data = JSON.parse((await scythe('list', what, '--json')).stdout) as { name: string }[];
      expect(data.length).toBeGreaterThan(1);
      const { status, stdout } = await scythe('list', what);
      expect(status).toBe(0);
      for (const { name } of data) expect(stdout).toContain(name);
    },
  );

  test('colours are for terminals', () => {
    // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
    expect(spawnScythe('run', 'kvm-oom/reap').stdout).not.toMatch(/\u001b/);
  });
});

const SPLAT = 'BUG: sleeping function called from invalid context in kvm_mmu_notifier_invalidate_range_start';
const REAP = 'scenarios/kvm-oom/reap.yaml';

describe('the founding case', () => {
  test('--json gives exactly one document with the fields that it promises', () => {
    const document = documentOf(spawnScythe('run', REAP, '--json'));
    expect(Object.keys(document)).toEqual(['scenario', 'tree', 'patches', 'config', 'iterations', 'verdict']);
    expect(Object.keys(document.iterations[0])).toEqual([
      'seed',
      'verdict',
      'titles',
      'timings',
      'eventHash',
      'steps',
    ]);
    expect(document).toMatchObject({ scenario: REAP, tree: 'v6.12', patches: [], verdict: 'pass' });
    expect(document.config).toMatchObject({ PREEMPT_RT: 'y', HZ: 250 });
  });

  test('it is met with the splat, and with v2 when clean', async () => {
    const v2 = ['--tree', 'v6.18', '--patch', 'mmu-notifier-async-oom-v2'];
    expect(await json(REAP)).toMatchObject({ verdict: 'pass', iterations: [{ titles: [SPLAT] }] });
    const clean = { tree: 'v6.18', verdict: 'pass', iterations: [{ titles: [] }] };
    expect(await json(REAP, ...v2)).toMatchObject(clean);
  });

  test('what is not as expected ends with code 1 and says what was missed', () => {
    const path = file(
      'clean.yaml',
      readFileSync(join(root, REAP), 'utf8').replace(/expect:[^]*/, 'expect:\n  clean: true\n'),
    );
    const { status, stdout } = spawnScythe('run', path, '--iterations', '2', '--seed', '5');
    expect(status).toBe(1);
    expect(stdout).toContain(`missed   expected no report, got "${SPLAT}"`);
    expect(stdout).toContain('seed 6: NOT as expected');
    expect(stdout).toMatch(/verdict: NOT as expected in 0 of 2 iterations\n$/);
  });
});

test('the console, the report and the verdict are what a run shows', () => {
  const { status, stdout } = spawnScythe('run', REAP, '--dmesg', '-');
  expect(status).toBe(0);
  expect(stdout).toContain('simple_kvm: vm ready pid=');
  expect(stdout).toContain(
    'BUG: sleeping function called from invalid context at kernel/locking/spinlock_rt.c:48',
  );
  expect(stdout).toContain('as expected');
});

describe('every bundled scenario', () => {
  const names = ['reap', 'stress', 'callback-57ms', 'failslab', 'memcg-oom', 'destroy'];

  test.each(names)('%s has one event hash and one log, twice and replayed', async (name) => {
    const run = async (copy: string, start: typeof scythe | typeof spawnScythe) => {
      const [dmesg, replay] = [join(folder, `${name}.${copy}.dmesg`), join(folder, `${name}.${copy}.replay`)];
      const options = ['--iterations', '1', '--dmesg', dmesg, '--save-replay', replay];
      const document = documentOf(await start('run', `kvm-oom/${name}`, ...options, '--json'));
      return { document, dmesg: readFileSync(dmesg, 'utf8'), replay };
    };
    // In a process of its own, and in one that has run others before.
    const [first, second] = [await run('a', spawnScythe), await run('b', scythe)];
    expect(second.document).toEqual(first.document);
    expect(second.dmesg).toBe(first.dmesg);
    expect(first.document.verdict).toBe('pass');

    const dmesg = join(folder, `${name}.c.dmesg`);
    const replayed = await scythe('replay', first.replay, '--dmesg', dmesg);
    expect(replayed).toMatchObject({ status: 0, stderr: '' });
    expect(replayed.stdout).toContain(`identical, event hash ${first.document.iterations[0].eventHash}`);
    expect(readFileSync(dmesg, 'utf8')).toBe(first.dmesg);
  });
});

describe('a replay that is not what was recorded', () => {
  const record = async () => {
    const path = join(folder, 'one.replay');
    await scythe('run', REAP, '--save-replay', path);
    return readFileSync(path, 'utf8');
  };

  test('says that the schedule does not fit', async () => {
    const text = (await record()).replace(/schedule: \|\n {2}\S+/, 'schedule: |\n  999');
    const { status, stderr } = await scythe('replay', file('misfit.replay', text));
    expect(status).toBe(1);
    expect(stderr).toContain('the schedule does not fit at step 0: there is no task 999');
  });

  test('says what differs', async () => {
    const text = (await record()).replace(/eventHash: \S+/, "eventHash: '0000000000000000'");
    const { status, stderr } = await scythe('replay', file('other.replay', text));
    expect(status).toBe(1);
    expect(stderr).toMatch(/the event hash is [0-9a-f]{16}, it was 0{16}/);
  });
});

describe('an explanation', () => {
  const replay = async (...options: string[]) => {
    const path = join(folder, 'explained.replay');
    await scythe('run', REAP, ...options, '--save-replay', path);
    return path;
  };

  test('is a diagram with what is said below it', async () => {
    const { status, stdout, stderr } = await scythe('explain', await replay());
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('    rt_spin_lock(&kvm->mn_invalidate_lock)');
    expect(stdout).toContain('Locks held at that point:');
    expect(stdout).not.toContain('\u001b');
  });

  test.each([
    ['markdown', /^### BUG/],
    ['html', /^<!DOCTYPE html>/],
    ['mermaid', /^sequenceDiagram\n/],
  ])('can be had as %s', async (format, begins) => {
    const { status, stdout } = await scythe('explain', await replay(), '--format', format);
    expect(status).toBe(0);
    expect(stdout).toMatch(begins);
  });

  test('of a run without a report is that there is none', async () => {
    const { status, stdout, stderr } = await scythe('explain', await replay('--config', 'PREEMPT_RT=n'));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('there is no report to explain');
  });

  test('of a report that there is not lists those that there are', async () => {
    const { status, stderr } = await scythe('explain', await replay(), '--report', '2');
    expect(status).toBe(2);
    expect(stderr).toMatch(/there is no report 2; the run has these:\n {2}1 {2}BUG: sleeping function/);
  });

  test('is refused for an unknown format, for what is no replay, and for another run', async () => {
    expect(await scythe('explain', await replay(), '--format', 'pdf')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Allowed choices are text, markdown, html, mermaid') as string,
    });
    expect((await scythe('explain', 'package.json')).status).toBe(2);
    expect((await scythe('explain', 'nothing.replay')).status).toBe(2);
    const other = readFileSync(await replay(), 'utf8').replace(
      /eventHash: \S+/,
      "eventHash: '0000000000000000'",
    );
    const { status, stderr } = await scythe('explain', file('another.replay', other));
    expect(status).toBe(1);
    expect(stderr).toContain('another run than the one recorded');
  });
});

describe('scythe diff', () => {
  test('says what differs between two trees in a line each', async () => {
    const { status, stdout } = await scythe('diff', 'v5.16', 'v5.17');
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(stdout).toContain('v5.16: without mmap_lock');
  });

  test('knows its trees', async () => {
    expect(await scythe('diff', 'v5.16', 'v5.71')).toMatchObject({ status: 2, stdout: '' });
  });
});

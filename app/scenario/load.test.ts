import { describe, expect, test } from 'vitest';
import { formatIssue } from './issues.ts';
import { loadScenario } from './load.ts';

const HEAD = 'scythe: 1\ntitle: t\n';
const GOOD = `${HEAD}guest:\n  console: |\n    true\n`;

function problems(text: string): string[] {
  const result = loadScenario(text, 'f.yaml');
  return result.ok ? [] : result.issues.map((issue) => `${issue.code} | ${formatIssue(issue)}`);
}

test('the least that a scenario can be is a version, a title and a guest', () => {
  expect(loadScenario(GOOD, 'f.yaml')).toMatchObject({
    ok: true,
    value: { scythe: 1, title: 't', guest: { console: 'true\n' } },
  });
});

test('everything that the format offers can be said', () => {
  const text = `
scythe: 1
title: everything
description: all keys
kernel:
  tree: v6.12
  patches: [a-patch]
  config: { PREEMPT_RT: y, KASAN: n, HZ: 1000 }
  append: [kasan_multi_shot, hung_task_panic=1]
  cpus: 4
  memory: 512M
guest:
  tasks:
    - { name: victim, program: simple_kvm, args: [--memory, 4], background: true }
    - { name: reaper, program: process_mrelease, args: [$victim], start: 1.5s }
faults:
  - { site: failslab, function: mmu_notifier_oom_enter, task: sh, times: 1, chance: 1/4 }
time:
  cost: tcg
  overrides: { operation: { read: 5ns }, contextSwitch: 2us, wakeUp: 1us, slice: 4ms }
  jitter: 5%
  hung_task_timeout_secs: 10
  limit: 1min
iterations: 20
seed: 7
search:
  { strategy: pct, preemptions: 2, depth: 3, maxExecutions: 1000, maxSteps: 5000, budget: 10s, stopAtFirst: true, actors: [sh] }
expect:
  clean: true
  titles: { must: [a], mustNot: ['b*'] }
  events: [oom:mark_victim, { event: oom:start_task_reaping, task: oom_reaper }, { log: reaped }]
  final: ['mn_active_invalidate_count == 0']
  within: { reap: { max: 10ms }, callback: { min: 8ms, max: 31ms }, run: { max: 1min } }
  cases:
    - { when: { tree: v6.18, patches: [], config: { KASAN: n } }, clean: true }
`;
  expect(problems(text)).toEqual([]);
});

test('long and oddly indented texts are no nesting', () => {
  const text = Array.from(
    { length: 30 },
    (_, i) => `    ${' '.repeat((i % 3) * 200)}- - - [[[ {{{ : ? line ${i}`,
  ).join('\n');
  expect(problems(`${GOOD}description: |2\n${text}\n`)).toEqual([]);
});

describe('a bad file is refused with place, cause and fix', () => {
  test.each([
    [
      'an empty file',
      '',
      'empty | f.yaml:1:1: the file is empty (copy scenarios/skeleton.yaml to start with)',
    ],
    [
      'only comments',
      '# nothing\n',
      'empty | f.yaml:1:1: the file is empty (copy scenarios/skeleton.yaml to start with)',
    ],
    [
      'no mapping',
      '- a\n',
      'wrong-type | f.yaml:1:1: the scenario must be a mapping of keys to values, not a list',
    ],
    [
      'binary data',
      'scythe: 1\u0000',
      'not-text | f.yaml:1:1: the file is no UTF-8 text (is it the right file?)',
    ],
    [
      'a huge file',
      `# ${'x'.repeat(1_100_000)}`,
      'too-large | f.yaml:1:1: the file has more than 1 MiB (is it the right file?)',
    ],
    [
      'deep brackets',
      '['.repeat(100_000),
      'too-deep | f.yaml:1:33: nested deeper than 32 levels (make it flatter)',
    ],
    [
      'deep dashes',
      '- '.repeat(100_000),
      'too-deep | f.yaml:1:65: nested deeper than 32 levels (make it flatter)',
    ],
    [
      'a bomb of aliases',
      'a: &a [1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n',
      'aliases | f.yaml:2:8: too many aliases (write the values out)',
    ],
    [
      'a tab',
      `${HEAD}guest:\n\tconsole: x\n`,
      'syntax | f.yaml:4:1: a tab indents this line (indent with blanks)',
    ],
    [
      'a key given twice',
      `${GOOD}title: again\n`,
      'syntax | f.yaml:6:1: the key "title" is given twice (merge the two)',
    ],
    [
      'two documents',
      `${GOOD}---\na: 1\n`,
      'syntax | f.yaml:6:1: a second document begins here (one file, one scenario: remove the `---`)',
    ],
    [
      'a colon in a text',
      'scythe: 1\ntitle: a: b\n',
      'syntax | f.yaml:2:8: a key inside the value of another (put text that contains `: ` in quotes)',
    ],
    [
      'an open quote',
      'scythe: 1\ntitle: "abc\n',
      'syntax | f.yaml:3:1: no valid YAML: Missing closing "quote',
    ],
    [
      'a misspelt key',
      `${GOOD}kernal: {}\n`,
      'unknown-key | f.yaml:6:1: unknown key "kernal"; did you mean "kernel"?',
    ],
    [
      'a misspelt inner key',
      `${GOOD}kernel:\n  patchs: []\n`,
      'unknown-key | f.yaml:7:3: unknown key "patchs"; did you mean "patches"?',
    ],
    [
      'a key like no other',
      `${GOOD}kernel:\n  zzzzzz: []\n`,
      'unknown-key | f.yaml:7:3: unknown key "zzzzzz" (known keys: tree, patches, config, append, cpus, memory)',
    ],
    [
      'no version',
      GOOD.slice(10),
      'missing-key | f.yaml:1:1: the key "scythe" is missing (write `scythe: 1` at the top)',
    ],
    [
      'another version',
      GOOD.replace('1', '2'),
      'not-allowed | f.yaml:1:9: scythe cannot be 2 (write `scythe: 1` at the top)',
    ],
    ['no guest', HEAD, 'missing-key | f.yaml:1:1: the key "guest" is missing'],
    [
      'an empty guest',
      `${HEAD}guest:\n`,
      'wrong-type | f.yaml:3:7: guest must be a mapping of keys to values, not nothing',
    ],
    [
      'a script and tasks',
      `${GOOD}  tasks:\n    - { name: a, program: sleep }\n`,
      'contradiction | f.yaml:4:3: guest: either a console script or tasks (give exactly one of `console` and `tasks`)',
    ],
    [
      'a task without program',
      `${HEAD}guest:\n  tasks:\n    - name: a\n`,
      'missing-key | f.yaml:5:7: the key "program" is missing in guest.tasks[0]',
    ],
    [
      'a number for a text',
      `scythe: 1\ntitle: 5\n${GOOD.slice(19)}`,
      'wrong-type | f.yaml:2:8: title must be text, not 5 (put it in quotes: "5")',
    ],
    [
      'a text for a list',
      `${GOOD}kernel: { patches: abc }\n`,
      'wrong-type | f.yaml:6:20: kernel.patches must be a list, not "abc" (write a list: [abc])',
    ],
    [
      'a text for a number',
      `${GOOD}iterations: many\n`,
      'wrong-type | f.yaml:6:13: iterations must be a number, not "many"',
    ],
    [
      'a fraction of an iteration',
      `${GOOD}iterations: 1.5\n`,
      'wrong-type | f.yaml:6:13: iterations must be a whole number, not 1.5',
    ],
    [
      'no iteration',
      `${GOOD}iterations: 0\n`,
      'out-of-range | f.yaml:6:13: iterations must be at least 1, not 0',
    ],
    [
      'true for y',
      `${GOOD}kernel:\n  config:\n    KASAN: true\n`,
      'not-allowed | f.yaml:8:12: kernel.config.KASAN cannot be true (write y or n (a number for HZ))',
    ],
    [
      'a size without unit',
      `${GOOD}kernel: { memory: 2gb }\n`,
      'wrong-form | f.yaml:6:19: kernel.memory cannot be "2gb" (write a size such as 512M or 2G)',
    ],
    [
      'a time without unit',
      `${GOOD}time: { limit: 5 }\n`,
      'wrong-type | f.yaml:6:16: time.limit must be text, not 5 (write a number with a unit, such as 57ms or 1.5s)',
    ],
    [
      'an unquoted title',
      `${GOOD}expect:\n  titles: { must: [BUG: x] }\n`,
      'wrong-type | f.yaml:7:20: expect.titles.must[0] must be text, not a mapping (put text that contains `: ` in quotes)',
    ],
    [
      'a misspelt strategy',
      `${GOOD}search: { strategy: dpr }\n`,
      'not-allowed | f.yaml:6:21: search.strategy cannot be "dpr"; did you mean "dpor"? (use one of: dpor, states, bounded, pct, random, exhaustive)',
    ],
    [
      'an assignment for a comparison',
      `${GOOD}expect: { final: ['x = 0'] }\n`,
      'wrong-form | f.yaml:6:19: expect.final[0] cannot be "x = 0" (compare a name with a number, such as "mn_active_invalidate_count == 0")',
    ],
    [
      'an event that is a log line as well',
      `${GOOD}expect: { events: [{ log: a, event: 'b:c' }] }\n`,
      'contradiction | f.yaml:6:20: expect.events[0]: either an event or a line of the log (give exactly one of `event` and `log`)',
    ],
    [
      'an event of no system',
      `${GOOD}expect: { events: [foo] }\n`,
      'wrong-form | f.yaml:6:20: expect.events[0] cannot be "foo" (write system:event, such as oom:mark_victim)',
    ],
    [
      'clean: false',
      `${GOOD}expect: { clean: false }\n`,
      'not-allowed | f.yaml:6:18: expect.clean cannot be false (write true, or leave it out)',
    ],
    [
      'a misspelt fault site',
      `${GOOD}faults: [{ site: failslb }]\n`,
      'not-allowed | f.yaml:6:18: faults[0].site cannot be "failslb"; did you mean "failslab"? (use one of: failslab, fail_page_alloc)',
    ],
    [
      'a chance in words',
      `${GOOD}faults: [{ site: failslab, chance: often }]\n`,
      'wrong-form | f.yaml:6:36: faults[0].chance cannot be "often" (write always, search or a ratio such as 1/4)',
    ],
  ])('%s', (_name, text, message) => {
    expect(problems(text)).toEqual([message]);
  });
});

test('all issues come at once, in the order of the file', () => {
  const text = `scythe: 1\ntitel: x\nkernel: { cpus: 0 }\niterations: 0\n`;
  expect(problems(text).map((line) => line.split(' ')[2])).toEqual([
    'f.yaml:1:1:',
    'f.yaml:1:1:',
    'f.yaml:2:1:',
    'f.yaml:3:17:',
    'f.yaml:4:13:',
  ]);
});

import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConfigChange } from '../kernel/kconfig.ts';
import { matches } from './expectations.ts';
import type { Overrides } from './resolve.ts';
import { runOnce } from './run.ts';
import { open, searchOf, settingsOf, type StrategyName, type Wishes } from './search.ts';

// docs/outcomes.md is true: each row is run as it stands there.

const root = resolvePath(import.meta.dirname, '../..');
/** A search that finds nothing goes on for so many executions here; see the tests of the families for the rest. */
const MOST_EXECUTIONS = 100;
/** One that has something to find ends with it. */
const MOST_EXECUTIONS_TO_FIND = 1_000;

interface Row {
  readonly id: string;
  readonly kind: 'run' | 'explore';
  readonly scenario: string;
  readonly overrides: Overrides;
  readonly wishes: Wishes;
  /** Titles that must appear; empty for a clean end. */
  readonly titles: readonly string[];
}

const rows = readFileSync(resolvePath(root, 'docs/outcomes.md'), 'utf8')
  .split('\n')
  .map((line) => /^\| ([A-Z]-\d+(?: later)?) \| `scythe (run|explore) (\S+)([^`]*)` \| ([^|]+) \|/.exec(line))
  .filter((match) => match !== null)
  .map(([, id, kind, scenario, flags, comesTo]): Row => {
    const titles = [...comesTo.matchAll(/`([^`]+)`/g)].map(([, title]) => title);
    const strategy = /--strategy (\S+)/.exec(flags)?.[1] as StrategyName | undefined;
    const wishes = strategy === undefined ? {} : { strategy };
    return { id, kind: kind as Row['kind'], scenario, overrides: overridesOf(flags), wishes, titles };
  });

function overridesOf(flags: string): Overrides {
  const given = (name: string): string[] =>
    [...flags.matchAll(new RegExp(`--${name} (\\S+)`, 'g'))].map(([, value]) => value);
  const [tree] = given('tree');
  const patches = given('patch');
  const config = given('config').map((text): ConfigChange => {
    const [name, value] = text.split('=');
    return { name, value: value as 'y' | 'n' };
  });
  return {
    ...(tree === undefined ? {} : { tree }),
    ...(patches.length === 0 ? {} : { patches: patches.filter((name) => name !== 'none') }),
    ...(config.length === 0 ? {} : { config }),
  };
}

function opened({ scenario, overrides }: Row) {
  const text = readFileSync(resolvePath(root, `scenarios/${scenario}.yaml`), 'utf8');
  return open({ kind: 'scenario', name: scenario, text, overrides });
}

test('the table has every outcome that is known beforehand', () => {
  const numbers = { A: 10, V: 5, B: 6, D: 7, E: 6, C: 7, G: 4 };
  for (const [letter, count] of Object.entries(numbers)) {
    expect(rows.filter(({ id }) => id.startsWith(`${letter}-`))).toHaveLength(count);
  }
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
});

describe('in time', () => {
  test.each(rows.filter(({ kind }) => kind === 'run'))('$id $scenario', (row) => {
    const { plan } = opened(row);
    if (plan === null) throw new Error('no plan');
    const { titles, failures } = runOnce(plan, { seed: plan.seed });
    expect(failures).toEqual([]);
    if (row.titles.length === 0) expect(titles).toEqual([]);
    for (const wanted of row.titles) expect(titles).toContainEqual(expect.toSatisfy(matching(wanted)));
  });
});

describe('in a search', () => {
  test.each(rows.filter(({ kind }) => kind === 'explore'))('$id $scenario', (row) => {
    const target = opened(row);
    const search = searchOf(target.program, settingsOf(target, row.wishes));
    const found = (): string[] => search.outcomes.map(({ title }) => title);
    const missing = (): boolean => !row.titles.every((wanted) => found().some(matching(wanted)));
    const { statistics } = search;
    const clean = row.titles.length === 0;
    const most = clean ? MOST_EXECUTIONS : MOST_EXECUTIONS_TO_FIND;
    while (!search.finished && statistics.executions < most && (clean || missing())) {
      search.advance(Math.min(MOST_EXECUTIONS, most - statistics.executions));
    }
    if (clean) expect(found()).toEqual([]);
    else expect(missing()).toBe(false);
  });
});

test('lockdep is silent, KASAN speaks once, and the callback comes once', () => {
  const runOf = (id: string, overrides: Overrides = {}) => {
    const row = rows.find((each) => each.id === id);
    if (row === undefined) throw new Error(`no row ${id}`);
    const { plan } = opened({ ...row, overrides: { ...row.overrides, ...overrides } });
    if (plan === null) throw new Error('no plan');
    return runOnce(plan, { seed: plan.seed });
  };
  const told = (titles: readonly string[], kind: RegExp) => titles.filter((title) => kind.test(title)).length;
  expect(told(runOf('G-1').titles, /possible deadlock/)).toBe(0);
  expect(told(runOf('G-2').titles, /sleeping function/)).toBe(1);
  expect(told(runOf('G-3').titles, /^KASAN/)).toBe(1);
  expect(told(runOf('G-3', { append: ['kasan_multi_shot'] }).titles, /^KASAN/)).toBeGreaterThan(1);
  expect(runOf('V-23').timings.callbackNs).toHaveLength(1);
});

const matching = (pattern: string) => (title: string) => matches(pattern, title);

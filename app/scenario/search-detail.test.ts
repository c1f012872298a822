import { expect, test } from 'vitest';
import { audit, formatBreach } from '../explore/audit.ts';
import { DporSearch } from '../explore/dpor.ts';
import { runToEnd } from '../explore/strategy.ts';
import { smallKernel } from './testing/small-kernels.ts';
import { smallScenarios } from './testing/small-scenarios.ts';

/** In full some searches are too long for a test: `npm run bench -- search-detail`. */
const MOST = 100;

test.each(smallScenarios)('a search leaves nothing out that can be noticed: $name', (scenario) => {
  const { tasks, detail, sign = /after its end/ } = scenario;
  for (const bug of [false, true]) {
    const [short, full] = [{}, detail].map((each) => {
      return runToEnd(new DporSearch(smallKernel(tasks(bug), each)), MOST);
    });
    const [seen, all] = [short, full].map(({ outcomes }) => outcomes.map(({ title }) => title).sort());
    expect([short, full].map(({ statistics }) => statistics.blocked)).toEqual([0, 0]);
    expect(short.coverage).toEqual({ kind: 'complete' });
    expect(seen).toEqual(full.finished ? all : expect.arrayContaining(all));
    expect([seen, all].map((outcomes) => outcomes.some((outcome) => sign.test(outcome)))).toEqual([bug, bug]);
  }
});

test.each(smallScenarios)(
  'in full, operations said to be independent commute: $name',
  ({ tasks, detail }) => {
    const { pairs, breaches } = audit(smallKernel(tasks(true), detail), { executions: 4 });
    expect(pairs).toBeGreaterThan(0);
    expect(breaches.map(formatBreach)).toEqual([]);
  },
);

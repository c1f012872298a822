import type { Coverage } from '../explore/strategy.ts';
import { matches } from './expectations.ts';
import type { Plan } from './resolve.ts';

/** What a search is judged by. */
interface Found {
  readonly outcomes: readonly { readonly title: string; readonly count: number }[];
  readonly coverage: Coverage;
}

/**
 * All that was asserted and does not hold, one sentence each. Without assertions, whatever was found is a failure.
 * A title that must appear has to do so in some execution, one that must not, in none.
 */
export function judgeSearch(plan: Plan | null, { outcomes, coverage }: Found): string[] {
  const { clean, titles, events, final } = plan?.searchAssertions ?? {};
  const asserts = [clean, titles, events, final].some((assertion) => assertion !== undefined);
  const failures: string[] = [];
  for (const { title, count } of outcomes) {
    const unwanted = titles?.mustNot?.some((pattern) => matches(pattern, title)) === true;
    const expectation = title.startsWith('expectation: ');
    if (!asserts || clean === true || unwanted || expectation) {
      failures.push(`${title} (${count} ${count === 1 ? 'execution' : 'executions'})`);
    }
  }
  for (const pattern of titles?.must ?? []) {
    if (outcomes.some(({ title }) => matches(pattern, title))) continue;
    const where = coverage.kind === 'unfinished' ? 'so far' : 'in any execution';
    failures.push(`expected "${pattern}", which did not appear ${where}`);
  }
  return failures;
}

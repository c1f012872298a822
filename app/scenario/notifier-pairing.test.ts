import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runToEnd, type Search } from '../explore/strategy.ts';
import type { Overrides } from './resolve.ts';
import { dmesgOf, runOnce, type Run } from './run.ts';
import { open, searchOf, settingsOf, type Opened } from './search.ts';

function opened(name: string, overrides: Overrides, change = (text: string) => text): Opened {
  const path = resolvePath(import.meta.dirname, `../../scenarios/notifier-pairing/${name}.yaml`);
  return open({ kind: 'scenario', name, text: change(readFileSync(path, 'utf8')), overrides });
}

function runOf(name: string, overrides: Overrides, change?: (text: string) => string): Run {
  const { plan } = opened(name, overrides, change);
  if (plan === null) throw new Error('no plan');
  return runOnce(plan, { seed: plan.seed });
}

const NO_UNWIND = 'mmu-notifier-no-unwind';
const ALWAYS = 'oom-reaper-always-end';
const SORTED = 'mmu-notifier-sorted-unwind';

// Each scenario says what it comes to on which kernel.
describe.each<[string, readonly Overrides[]]>([
  ['retries', [{ tree: 'v5.12' }, { tree: 'v6.12' }, { patches: [ALWAYS] }, { patches: [SORTED] }]],
  ['memslot', [{ tree: 'v5.12', patches: [NO_UNWIND] }, { patches: [NO_UNWIND] }, { tree: 'v6.18' }]],
  ['gru', [{ tree: 'v5.10' }, { tree: 'v5.12' }, { patches: [ALWAYS] }, { patches: [SORTED] }]],
  [
    'refuse-end',
    [{ tree: 'v5.12' }, { tree: 'v5.11', patches: [ALWAYS] }, { tree: 'v5.11', patches: [SORTED] }],
  ],
  ['interval', [{ patches: [ALWAYS] }, { patches: [SORTED] }, { tree: 'v5.12' }]],
])('%s.yaml', (name, kernels) => {
  test.each(kernels.map((overrides) => [JSON.stringify(overrides), overrides] as const))(
    'is as it says on %s',
    (_text, overrides) => {
      expect(runOf(name, overrides).failures).toEqual([]);
    },
  );
});

test('two virtual machines in one process both lose their ends, and both get them', () => {
  const two = (text: string): string => text.replace('nouveau kvm', 'kvm nouveau kvm');
  const lost = runOf('memslot', { patches: [NO_UNWIND] }, two);
  expect(dmesgOf(lost).match(/SCYTHE: invalidation started and never ended for kvm_/g)).toHaveLength(2);
  expect(runOf('memslot', {}, two).titles).toEqual([]);
});

describe('beside two reapers', () => {
  const search = (tree: string): Search => {
    const target = opened('search', { tree });
    return runToEnd(searchOf(target.program, settingsOf(target, {})));
  };

  test('a thread at the GRU is never woken on v5.11', () => {
    const { outcomes } = search('v5.11');
    expect(outcomes.map(({ title }) => title).sort()).toEqual([
      'SCYTHE: invalidation started and never ended for gru_invalidate_range_start',
      'SCYTHE: lost wake-up in gru_user_dropin',
    ]);
  });

  test('a thread at the GRU gets its translation on v5.12, in whatever order within one preemption', () => {
    const { outcomes, coverage } = search('v5.12');
    expect(outcomes).toEqual([]);
    expect(coverage).toEqual({ kind: 'complete within bound', bound: '1 preemptions' });
  });
});

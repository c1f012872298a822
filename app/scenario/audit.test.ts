import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { audit, formatBreach } from '../explore/audit.ts';
import type { ConfigChange } from '../kernel/kconfig.ts';
import type { Overrides } from './resolve.ts';
import { open } from './search.ts';

const folder = resolve(import.meta.dirname, '../../scenarios');
const bundled = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.yaml') && path !== 'skeleton.yaml' && !path.endsWith('matrix.yaml'))
  .map((path) => path.replace(/\.yaml$/, ''))
  .sort();

/** Breaches of the promise that searches rest on, as text. */
function breachesOf(name: string, overrides: Overrides, executions: number): string[] {
  const text = readFileSync(join(folder, `${name}.yaml`), 'utf8');
  const { program } = open({ kind: 'scenario', name, text, overrides });
  const { breaches, pairs } = audit(program, { executions, most: 3, operationsPerExecution: 4_000 });
  expect(pairs).toBeGreaterThan(0);
  return breaches.map(formatBreach);
}

const RT: ConfigChange = { name: 'PREEMPT_RT', value: 'y' };
const NO_RT: ConfigChange = { name: 'PREEMPT_RT', value: 'n' };
const V2 = 'mmu-notifier-async-oom-v2';

describe('operations said to be independent commute in', () => {
  test.each(bundled)('%s', (name) => {
    expect(breachesOf(name, {}, name.includes('search') ? 8 : 2)).toEqual([]);
  });

  test.each<[string, Overrides]>([
    ['kvm-oom/search-close', { tree: 'v6.18', patches: [V2], config: [RT] }],
    ['kvm-oom/search-close', { tree: 'v6.12', patches: [`${V2}-no-del-init`], config: [NO_RT] }],
    ['kvm-oom/search-exit', { tree: 'v6.12', patches: [V2], config: [NO_RT] }],
    ['kvm-oom/search-run-dontneed', { tree: 'v6.12', patches: [V2], config: [NO_RT] }],
    ['kvm-oom/search-memslot', { tree: 'v6.12', patches: ['oom-enter-sync-unregister'], config: [RT] }],
    ['kvm-oom/search-close-dontneed', { tree: 'v6.12', patches: [V2], config: [NO_RT] }],
  ])('%s with %o', (name, overrides) => {
    expect(breachesOf(name, overrides, 10)).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { expect, test } from 'vitest';
import type { ConfigChange } from '../kernel/kconfig.ts';
import { runOnce } from './run.ts';
import { open } from './search.ts';

// Each scenario with PREEMPT_RT and without, and with each checker turned over: what is reported differs exactly where the
// golden table says so. The table is read line by line before it is committed.

interface Subject {
  readonly name: string;
  readonly tree?: string;
  readonly patches?: readonly string[];
  /** Those that could matter; all of them if nothing is said. */
  readonly toggles?: readonly string[];
}

/** For scenarios whose reports no other checker prints. */
const FEW = ['PREEMPT_RT=y', 'PREEMPT_RT=y DEBUG_ATOMIC_SLEEP=n', 'PROVE_LOCKING=n', 'KASAN=n'];

/** Without exit-mmap-mmap-lock/cost, which is about times, and takes as long as ten of the others. */
const SUBJECTS: readonly Subject[] = [
  { name: 'kvm-oom/reap' },
  { name: 'kvm-oom/reap', patches: ['mmu-notifier-async-oom-v2'] },
  { name: 'kvm-oom/reap', patches: ['oom-enter-sync-unregister'] },
  { name: 'exit-mmap-mmap-lock/unlocked' },
  { name: 'exit-mmap-mmap-lock/close-takes-lock' },
  { name: 'fork-swapoff/search' },
  { name: 'notifier-pairing/gru' },
  { name: 'notifier-pairing/memslot', patches: ['mmu-notifier-no-unwind'] },
  { name: 'notifier-pairing/refuse-end' },
  { name: 'oom-reaper-exit-mmap/aio', tree: 'v4.14' },
  { name: 'oom-reaper-exit-mmap/notifier', toggles: FEW },
  { name: 'oom-reaper-exit-mmap/blockable', toggles: FEW },
  { name: 'fork-swapoff/first-vma', toggles: FEW },
  { name: 'kvm-oom/destroy', toggles: FEW },
  { name: 'kvm-oom/deferred', toggles: FEW },
  { name: 'kvm-oom/no-memslot', toggles: FEW },
  { name: 'kvm-oom/other-subscriber', toggles: FEW },
  { name: 'kvm-oom/queued-writer', toggles: FEW },
  { name: 'kvm-oom/refused-retries', toggles: FEW },
  { name: 'kvm-oom/memcg-oom', toggles: FEW },
  { name: 'lockdep-and-splats/kasan-ends-lockdep', toggles: FEW },
  { name: 'lockdep-and-splats/kasan-once', toggles: FEW },
  { name: 'notifier-pairing/interval', toggles: FEW },
  { name: 'notifier-pairing/retries', toggles: FEW },
  { name: 'kvm-oom/failslab', toggles: FEW },
  { name: 'kvm-oom/callback-57ms', toggles: FEW },
  { name: 'kvm-oom/stress', toggles: FEW },
];

/** All checkers on, and in turn each of them off. Only KCSAN cannot be beside KASAN. */
const BASE = 'PREEMPT_RT=n DEBUG_ATOMIC_SLEEP=y PROVE_LOCKING=y DEBUG_LIST=y';
const TOGGLES = [
  'PREEMPT_RT=y',
  'PREEMPT_RT=y DEBUG_ATOMIC_SLEEP=n',
  'PREEMPT_RT=y PROVE_LOCKING=n',
  'PREEMPT_RT=y KASAN=n',
  'DEBUG_ATOMIC_SLEEP=n',
  'PROVE_LOCKING=n',
  'KASAN=n',
  'KASAN=n KCSAN=y',
  'DEBUG_VM=n',
  'DEBUG_LIST=n',
  'DETECT_HUNG_TASK=n',
  'SCYTHE_INVARIANTS=n',
];

function options(text: string): ConfigChange[] {
  const last = new Map<string, 'y' | 'n'>();
  for (const word of text.split(' ').filter((each) => each !== '')) {
    const [name, value] = word.split('=');
    last.set(name, value === 'y' ? 'y' : 'n');
  }
  // It has no prompt of its own; some of the scenarios say both.
  last.set('PROVE_RCU', last.get('PROVE_LOCKING') ?? 'y');
  return [...last].map(([name, value]) => ({ name, value }));
}

function titlesOf({ name, tree, patches }: Subject, toggle: string): string {
  const path = resolvePath(import.meta.dirname, `../../scenarios/${name}.yaml`);
  const overrides = {
    ...(tree === undefined ? {} : { tree }),
    ...(patches === undefined ? {} : { patches }),
    config: options(`${BASE} ${toggle}`),
  };
  const { plan } = open({ kind: 'scenario', name, text: readFileSync(path, 'utf8'), overrides });
  if (plan === null) throw new Error('no plan');
  const titles = [...new Set(runOnce(plan, { seed: plan.seed }).titles)];
  return titles.length === 0 ? '  clean\n' : titles.map((title) => `  ${title}\n`).join('');
}

/** What the base comes to, the toggles that change nothing, and what each of the others comes to. */
function table(subject: Subject): string {
  const { name, tree = '', patches = [], toggles = TOGGLES } = subject;
  const base = titlesOf(subject, '');
  const others = toggles.map((toggle) => ({ toggle, titles: titlesOf(subject, toggle) }));
  const same = others.filter(({ titles }) => titles === base).map(({ toggle }) => toggle);
  const differ = others.filter(({ titles }) => titles !== base);
  const head = [name, tree, ...patches.map((patch) => `+ ${patch}`)].filter((part) => part !== '').join(' ');
  const rest = differ.map(({ toggle, titles }) => `${toggle}:\n${titles}`).join('');
  return `${head}\n${'='.repeat(head.length)}\n${BASE}:\n${base}${same.length === 0 ? '' : `the same with ${same.join(', ')}\n`}${rest}`;
}

test('PREEMPT_RT and each checker make the difference that they should, and no other', async () => {
  await expect(SUBJECTS.map(table).join('\n')).toMatchFileSnapshot('golden/toggles.golden');
}, 120_000);

import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { WIDTH } from '../trace/diagram/plain.ts';
import { render } from '../trace/diagram/render.ts';
import { diagramLines } from '../trace/diagram/text.ts';
import { catalogue } from './catalogue.ts';
import { explainReplay, type Explained } from './explain.ts';
import { InputError } from './issues.ts';
import { loadScenario } from './load.ts';
import { resolve, type Overrides } from './resolve.ts';
import { runOnce } from './run.ts';

const folder = resolvePath(import.meta.dirname, '../../scenarios/kvm-oom');

/** Runs a bundled scenario and explains the replay of that. */
function explainScenario(name: string, overrides: Overrides, which: number | null = null): Explained {
  const text = readFileSync(`${folder}/${name}.yaml`, 'utf8');
  const loaded = loadScenario(text, name);
  if (!loaded.ok) throw new InputError(loaded.issues);
  const plan = resolve(loaded.value, loaded.source, catalogue, overrides);
  const run = runOnce(plan, { seed: plan.seed });
  const file = {
    title: run.titles[0] ?? run.outcome.text,
    scenario: { name, text },
    overrides,
    seed: plan.seed,
    clock: 'timed',
    schedule: run.schedule,
    steps: run.steps,
    eventHash: run.eventHash,
  } as const;
  const explained = explainReplay(file, plan, which);
  expect(explained.run.eventHash).toBe(run.eventHash);
  return explained;
}

/** The diagram, which has no numbers of steps in it: those change with every operation that the model gains. */
function drawing({ explanation }: Explained): string {
  return explanation === null ? '' : `${diagramLines(explanation.diagram).join('\n')}\n`;
}

describe('the splat of the reap', () => {
  let explained: Explained;
  beforeAll(() => {
    explained = explainScenario('reap', {});
  });

  test('is one task, in the section that must not block, at the lock', async () => {
    await expect(drawing(explained)).toMatchFileSnapshot('golden/explain-reap.golden');
    const text = render(explained.explanation!, 'text');
    expect(text).toContain('It must not block: inside of non_block_start().');
    expect(text).toMatch(/non_block, by non_block_start\(\) in\s+mn_hlist_invalidate_range_start\(\)/);
  });

  test('has 72 columns, whatever the report', () => {
    for (const line of render(explained.explanation!, 'text').split('\n')) {
      expect(line.length).toBeLessThanOrEqual(WIDTH);
    }
  });

  test('is the same bytes each time', () => {
    const again = explainScenario('reap', {});
    expect(render(again.explanation!, 'html')).toBe(render(explained.explanation!, 'html'));
  });
});

describe('an unregistration inside of the SRCU walk', () => {
  const overrides = { patches: ['oom-enter-sync-unregister'] };

  test('waits for itself: the diagram ends in the wait', async () => {
    const explained = explainScenario('reap', overrides);
    await expect(drawing(explained)).toMatchFileSnapshot('golden/explain-self-deadlock.golden');
    expect(explained.explanation?.sections[0].items.map(({ text }) => text)).toEqual([
      'waits for a grace period of srcu, held up by itself',
    ]);
  });

  test('also holds up the worker of SRCU, in the third report', async () => {
    const explained = explainScenario('reap', overrides, 3);
    await expect(drawing(explained)).toMatchFileSnapshot('golden/explain-grace-period.golden');
  });

  test('has three reports, not four', () => {
    const { explanation, titles } = explainScenario('reap', overrides, 4);
    expect(explanation).toBeNull();
    expect(titles).toHaveLength(3);
  });
});

describe('a store into a dead stack frame', () => {
  const overrides = { patches: ['mmu-notifier-async-oom-v2-no-del-init'] };

  test('shows who put the pointer there, whose frame died, and who wrote', async () => {
    const explained = explainScenario('destroy', overrides);
    await expect(drawing(explained)).toMatchFileSnapshot('golden/explain-dead-frame.golden');
    // The example of the documentation.
    const page = readFileSync(resolvePath(import.meta.dirname, '../../docs/explain.md'), 'utf8');
    expect(page).toContain(drawing(explained));
  });

  test('is ordered: the writer took a lock that the other one had released after its return', () => {
    const { explanation } = explainScenario('destroy', overrides);
    const why = explanation?.sections.find(({ heading }) => heading === 'Why they are ordered');
    expect(why?.items.map(({ text }) => text.replace(/step \d+/, 'step N'))).toEqual([
      'simple_kvm/64 takes &mm->mmap_lock, which sh/63 has released (step N, in lab_oom_reap_task_write())',
    ]);
  });
});

test('a run without a report has nothing to explain', () => {
  const { explanation, titles } = explainScenario('reap', {
    config: [{ name: 'PREEMPT_RT', value: 'n' }],
  });
  expect(titles).toEqual([]);
  expect(explanation).toBeNull();
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../dispatch.ts';
import { inspectionSchema } from '../contract/inspection.ts';
import { runMethods, runSummary, type RunSummary } from '../contract/runs.ts';
import { traceSchema } from '../contract/trace.ts';
import { openBench } from '../testing/service.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const reap = readFileSync(join(root, 'scenarios/kvm-oom/reap.yaml'), 'utf8');
const SPLAT = 'BUG: sleeping function called from invalid context in kvm_mmu_notifier_invalidate_range_start';

function done(owner: Connection, id: string): Promise<RunSummary> {
  return new Promise((resolve, reject) => {
    owner.subscribe('run/state', { id }, (event) => {
      if (event.state === 'done') resolve(event.summary);
      if (event.state === 'failed') reject(new Error(event.message));
    });
  });
}

/** Most tests look at one and the same run. */
let bench: ReturnType<typeof openBench>;
let owner: Connection;
let id: string;
let summary: RunSummary;

beforeAll(async () => {
  bench = openBench();
  owner = bench.owner;
  ({ id } = await start());
  summary = await done(owner, id);
}, 60_000);

afterAll(() => bench.close());

function start(overrides = {}): Promise<{ id: string }> {
  return owner.call('run/start', { text: reap, path: 'bundled/kvm-oom/reap.yaml', overrides, seed: 1 });
}

test('a run comes with its trace, its log and its console, step by step', async () => {
  expect(runSummary.safeParse(summary).error).toBeUndefined();
  expect(summary).toMatchObject({ titles: [SPLAT], met: true, source: 'scenario' });
  const trace = await owner.call('run/trace', { id });
  expect(traceSchema.safeParse(trace).error).toBeUndefined();
  expect(trace.steps.timeNs.length).toBe((summary.steps ?? 0) + 1);
  expect(trace.tracks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['CPU0', 'CPU1', '&kvm->mn_invalidate_lock', 'srcu readers']),
  );
  const { lines } = await owner.call('run/log', { id });
  const [report] = summary.reports;
  expect(lines[report.line].text).toContain('BUG: sleeping function');
  expect(lines[report.line].step).toBe(report.step);
  const shown = (await owner.call('run/console', { id })).lines;
  expect(shown.some(({ text }) => text.includes('simple_kvm: vm ready'))).toBe(true);
  expect((await owner.call('run/list', {})).runs).toContainEqual(summary);
});

test('the kernel can be looked at where a report was made', async () => {
  const { step, task } = summary.reports[0];
  const inspection = await owner.call('run/inspect', { id, step });
  expect(inspectionSchema.safeParse(inspection).error).toBeUndefined();
  const reaper = inspection.tasks.find((each) => each.id === task);
  expect(reaper?.context.non_block_count).toBe(1);
  expect(reaper?.stack.map((frame) => frame.function)).toContain('__oom_reap_task_mm');
  for (const frame of reaper?.stack ?? []) expect(frame.file, frame.function).toMatch(/^app\//);
  expect(reaper?.held.map(({ name }) => name)).toContain('&mm->mmap_lock');
  expect(inspection.kvms).toHaveLength(1);
  expect(inspection.kvms[0].sptes.length).toBeGreaterThan(0);
  expect(inspection.subscriptions.some(({ where, nodes }) => where === 'mm' && nodes.length === 1)).toBe(
    true,
  );
  expect(inspection.srcu.find(({ name }) => name === 'srcu')?.readingTasks).toContainEqual(
    expect.objectContaining({ task }),
  );
  // Any order: an earlier step is what it was.
  const before = await owner.call('run/inspect', { id, step: step - 1 });
  expect(before.step).toBe(step - 1);
  expect(await owner.call('run/inspect', { id, step })).toEqual(inspection);
});

test('steps are found in both directions', async () => {
  const { step: report, task } = summary.reports[0];
  const seek = (
    from: number,
    direction: 'forward' | 'back',
    target: Parameters<typeof owner.call<'run/seek'>>[1]['target'],
    breakpoints: Parameters<typeof owner.call<'run/seek'>>[1]['breakpoints'] = [],
  ) => owner.call('run/seek', { id, from, direction, target, breakpoints });
  expect(await seek(0, 'forward', { kind: 'report' })).toEqual({ step: report, why: SPLAT });
  expect(await seek(report, 'forward', { kind: 'report' })).toMatchObject({ step: null });
  const next = await seek(report, 'forward', { kind: 'operation', task });
  expect(await seek(next.step ?? 0, 'back', { kind: 'operation', task })).toMatchObject({ step: report });

  const written = await seek(summary.steps ?? 0, 'back', {
    kind: 'write',
    object: 'mn_active_invalidate_count',
  });
  expect(written.why).toContain('mn_active_invalidate_count, now 0');
  const at = { kind: 'function', what: 'kvm_mmu_notifier_invalidate_range_start', enabled: true } as const;
  const entered = await seek(0, 'forward', { kind: 'breakpoint' }, [at]);
  expect(entered.why).toContain('enters kvm_mmu_notifier_invalidate_range_start()');
  const { tasks } = await owner.call('run/inspect', { id, step: entered.step ?? 0 });
  expect(tasks.find((each) => each.id === task)?.stack[0].function).toMatch(
    /kvm_mmu_notifier_invalidate_range_start|lock/,
  );
  expect(await seek(0, 'forward', { kind: 'breakpoint' }, [{ ...at, enabled: false }])).toMatchObject({
    step: null,
  });
  const event = { kind: 'event', what: 'kvm:kvm_unmap_hva_range', enabled: true } as const;
  expect((await seek(0, 'forward', { kind: 'breakpoint' }, [event])).why).toContain(
    'mmu notifier unmap range',
  );

  const inside = entered.step ?? 0;
  const out = await seek(inside, 'forward', { kind: 'return', task });
  const after = await owner.call('run/inspect', { id, step: out.step ?? 0 });
  expect(after.tasks.find((each) => each.id === task)?.stack.map((frame) => frame.function)).toContain(
    '__mmu_notifier_invalidate_range_start',
  );
  const switched = await seek(report, 'forward', { kind: 'switch' });
  const trace = await owner.call('run/trace', { id });
  expect(trace.steps.task[switched.step ?? 0]).not.toBe(trace.steps.task[(switched.step ?? 1) - 1]);
});

test('a report is explained, with the steps that its lines show', async () => {
  const { text, steps } = await owner.call('run/explain', { id, report: 0, format: 'text' });
  expect(text.split('\n')[0]).toContain('BUG: sleeping function');
  expect(steps.length).toBeGreaterThan(0);
  const lines = text.split('\n');
  for (const { line, step } of steps) {
    expect(lines[line].trim()).not.toBe('');
    expect(step).toBeLessThanOrEqual(summary.steps ?? 0);
  }
});

test('a run is saved as a replay, and the replay is the same run', async () => {
  const first = await start({ cpus: 4 });
  const recorded = await done(owner, first.id);
  const { text } = await owner.call('run/replay-file', { id: first.id });
  const again = await owner.call('run/replay', { text, path: 'user/found.replay' });
  const other = await done(owner, again.id);
  expect(other.eventHash).toBe(recorded.eventHash);
  expect(other.kernel).toMatchObject({ cpus: 4 });
  expect(await owner.call('run/compare', { left: first.id, right: again.id })).toMatchObject({
    same: true,
    difference: 'both do the same in the same order',
  });
  const broken = text.replace(/eventHash: .*/, "eventHash: '0000000000000000'");
  const wrong = await owner.call('run/replay', { text: broken, path: 'user/broken.replay' });
  await expect(done(owner, wrong.id)).rejects.toThrow(/another run than the one recorded/);
});

test('two kernels part where one does something else', async () => {
  const other = await start({ config: { PREEMPT_RT: false } });
  await done(owner, other.id);
  const compared = await owner.call('run/compare', { left: id, right: other.id });
  expect(runMethods['run/compare'].result.safeParse(compared).error).toBeUndefined();
  expect(compared.same).toBe(false);
  expect(compared.difference).toMatch(/does something else|another order/);
  expect(compared.rows.some(({ left, right }) => left === null || right === null)).toBe(true);
});

test('a run is saved in formats of other tools', async () => {
  const save = async (format: 'ftrace' | 'perfetto' | 'chrome' | 'dmesg' | 'html') => {
    const { bytes } = await owner.call('run/export', { id, format, fromNs: null, toNs: null });
    return bytes;
  };
  const text = async (format: Parameters<typeof save>[0]) => new TextDecoder().decode(await save(format));
  expect(await text('ftrace')).toContain('# tracer: nop');
  expect(await text('dmesg')).toContain('BUG: sleeping function');
  expect(await text('html')).toContain('scytheReplay: 1');
  expect((await save('perfetto')).length).toBeGreaterThan(100_000);
  const imported = await owner.call('run/import', { text: await text('chrome'), path: 'user/saved.json' });
  const again = await owner.call('run/trace', { id: imported.id });
  const trace = await owner.call('run/trace', { id });
  expect(again.slices.track.length).toBe(trace.slices.track.length);
  expect(again.flows.kind.length).toBe(trace.flows.kind.length);
  const half = (summary.startNs + summary.endNs) / 2;
  const part = await owner.call('run/export', { id, format: 'ftrace', fromNs: half, toNs: null });
  expect(part.bytes.length).toBeLessThan((await save('ftrace')).length);
});

test('what is wrong with a scenario or a file is told to who asked', async () => {
  const text = reap.replace('v6.12', 'v6.13');
  await expect(
    owner.call('run/start', { text, path: 'x.yaml', overrides: {}, seed: 1 }),
  ).rejects.toMatchObject({
    code: 'invalid',
  });
  await expect(owner.call('run/import', { text: 'nothing', path: 'user/x.txt' })).rejects.toMatchObject({
    code: 'invalid',
    message: 'x.txt is no trace that can be opened',
  });
  await expect(owner.call('run/trace', { id: 'run-99' })).rejects.toMatchObject({ code: 'not-found' });
});

test('a run that is closed is gone', async () => {
  const run = await start();
  await owner.call('run/close', run);
  expect((await owner.call('run/list', {})).runs.map((each) => each.id)).not.toContain(run.id);
  await expect(owner.call('run/inspect', { ...run, step: 1 })).rejects.toMatchObject({ code: 'not-found' });
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunSummary } from '../contract/runs.ts';
import { startBench } from '../testing/service.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Bundled CommonJS packages ask for Node's modules through require, which ESM does not have. */
const banner = [
  "import { createRequire as scytheCreateRequire } from 'node:module';",
  'const require = scytheCreateRequire(import.meta.url);',
].join('\n');
let folder: string;
let program: string;

// Inside of the repository, where packages are found.
beforeAll(async () => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache/threads-'));
  program = join(folder, 'worker.mjs');
  await build({
    banner: { js: banner },
    bundle: true,
    entryPoints: [join(root, 'app/service/threads/worker.ts')],
    external: ['just-bash', 'node-pty'],
    format: 'esm',
    logLevel: 'silent',
    outfile: program,
    platform: 'node',
    sourcemap: true,
    target: 'node20',
  });
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a run in a thread knows the line at which each task stands, and ends with its thread', async () => {
  const { owner } = startBench({ threadProgram: program });
  const text = readFileSync(join(root, 'scenarios/kvm-oom/reap.yaml'), 'utf8');
  const { id } = await owner.call('run/start', { text, path: 'x', overrides: {}, seed: 1 });
  const summary = await new Promise<RunSummary>((resolve, reject) => {
    owner.subscribe('run/state', { id }, (event) => {
      if (event.state === 'done') resolve(event.summary);
      if (event.state === 'failed') reject(new Error(event.message));
    });
  });
  const [{ step, task }] = summary.reports;
  const { tasks } = await owner.call('run/inspect', { id, step });
  const stack = tasks.find((each) => each.id === task)?.stack ?? [];
  const caller = stack.find((frame) => frame.function === 'kvm_mmu_notifier_invalidate_range_start');
  expect(caller?.file).toBe('app/kernel/virt/kvm/kvm_mmu_notifier.ts');
  const source = readFileSync(join(root, caller?.file ?? ''), 'utf8').split('\n');
  expect(source[(caller?.line ?? 0) - 1]).toContain('mn_invalidate');

  const breakpoint = {
    kind: 'line',
    what: `${caller?.file ?? ''}:${caller?.line ?? 0}`,
    enabled: true,
  } as const;
  const hit = await owner.call('run/seek', {
    ...{ id, from: 0, direction: 'forward', target: { kind: 'breakpoint' } },
    breakpoints: [breakpoint],
  });
  expect(hit.step).not.toBeNull();
  expect(hit.why).toContain(breakpoint.what);
  const waiting = owner.call('run/inspect', { id, step: 1 }).catch((error: unknown) => error);
  await owner.call('run/close', { id });
  expect(await waiting).toMatchObject({ code: 'cancelled' });
  await expect(owner.call('run/inspect', { id, step })).rejects.toMatchObject({ code: 'not-found' });
}, 60_000);

test('a run that goes on is cancelled by ending its thread', async () => {
  const { owner } = startBench({ threadProgram: program });
  const text = readFileSync(join(root, 'scenarios/kvm-oom/stress.yaml'), 'utf8');
  const { id } = await owner.call('run/start', { text, path: 'x', overrides: {}, seed: 1 });
  await owner.call('run/cancel', { id });
  const state = await new Promise<string>((resolve) => {
    owner.subscribe('run/state', { id }, (event) => {
      resolve(event.state === 'failed' ? event.message : event.state);
    });
  });
  expect(state).toBe('cancelled');
});

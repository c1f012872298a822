// A timed run of the founding scenario inside one process: boot, guest, event hash, verdict.
import { readFileSync } from 'node:fs';
import { catalogue } from '../../app/scenario/catalogue.ts';
import { loadScenario } from '../../app/scenario/load.ts';
import { resolve } from '../../app/scenario/resolve.ts';
import { runOnce } from '../../app/scenario/run.ts';
import { report, spread } from './report.ts';

const REPEATS = 15;

for (const name of ['reap', 'memcg-oom', 'callback-57ms']) {
  const path = `scenarios/kvm-oom/${name}.yaml`;
  const loaded = loadScenario(readFileSync(path, 'utf8'), path);
  if (!loaded.ok) throw new Error(`${path} does not load`);
  const plan = resolve(loaded.value, loaded.source, catalogue);
  const startedMs = performance.now();
  const { steps } = runOnce(plan, { seed: 1 });
  const firstMs = performance.now() - startedMs;
  const times = Array.from({ length: REPEATS }, (_, i) => {
    const beganMs = performance.now();
    runOnce(plan, { seed: i + 2 });
    return performance.now() - beganMs;
  });
  const format = (ms: number) => `${ms.toFixed(1)} ms`;
  report(
    `timed run of ${name}, ${steps} operations`,
    `first ${format(firstMs)}, then ${spread(times, format)}`,
  );
}

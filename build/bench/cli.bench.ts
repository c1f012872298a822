// What a user waits for: `scythe run reap.yaml` and the start-up of the command, as child processes.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { report, spread } from './report.ts';

const REPEATS = 7;

const cli = join('build', 'bin', 'scythe.js');
if (!existsSync(cli)) throw new Error('run this from the root of the repository');

/** Tells its own peak memory when it ends: the child's, not that of this process. */
const MEMORY_PROBE =
  'data:text/javascript,' +
  encodeURIComponent(
    "process.on('exit', () => process.stderr.write(`peak-kB ${process.resourceUsage().maxRSS}\\n`));",
  );

interface Measured {
  readonly ms: number;
  readonly peakMb: number;
}

function measure(args: readonly string[]): Measured {
  const startedMs = performance.now();
  const child = spawnSync(process.execPath, ['--import', MEMORY_PROBE, cli, ...args], { encoding: 'utf8' });
  const ms = performance.now() - startedMs;
  if (child.status !== 0)
    throw new Error(`scythe ${args.join(' ')} ended with ${String(child.status)}:\n${child.stderr}`);
  const kB = /^peak-kB (\d+)$/m.exec(child.stderr)?.[1];
  return { ms, peakMb: Number(kB) / 1024 };
}

for (const [name, args] of [
  ['start-up (scythe --version)', ['--version']],
  ['scythe run kvm-oom/reap', ['run', 'kvm-oom/reap']],
  ['the same, 20 iterations of stress', ['run', 'kvm-oom/stress']],
] as const) {
  measure(args);
  const runs = Array.from({ length: REPEATS }, () => measure(args));
  const times = spread(
    runs.map(({ ms }) => ms),
    (ms) => `${ms.toFixed(0)} ms`,
  );
  const peaks = spread(
    runs.map(({ peakMb }) => peakMb),
    (mb) => `${mb.toFixed(0)} MB`,
  );
  report(name, `${times}, peak memory ${peaks}`);
}

// The search on the classic programs, in one thread and in two: `npm run bench -- explore`.
// Aims, on one core: lastzero:15 in 3.5 s, readers:16 in 0.65 s, indexer:16 in 1.5 s, at most 200 MB, whatever the
// number of executions: lastzero:13 has a quarter of those of lastzero:15.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const cli = join('build', 'bin', 'scythe.js');
const RUNS = 3;
const expected: readonly (readonly [string, number])[] = [
  ['readers:16', 65_536],
  ['lastzero:13', 32_768],
  ['lastzero:15', 147_456],
  ['indexer:16', 32_768],
  ['filesystem:20', 128],
];

interface Document {
  readonly executions: number;
  readonly blocked: number;
  readonly operations: number;
  readonly elapsedMs: number;
}

/** Tells its own CPU time and peak memory when it ends: the child's, not those of this process. */
const PROBE =
  'data:text/javascript,' +
  encodeURIComponent(
    "import { isMainThread } from 'node:worker_threads'; if (isMainThread) process.on('exit', () => {" +
      'const { maxRSS, userCPUTime } = process.resourceUsage();' +
      'process.stderr.write(`peak-kB ${maxRSS}\\ncpu-us ${userCPUTime}\\n`); });',
  );

function measured(name: string, workers: number): Document & { readonly kB: number; readonly cpuMs: number } {
  const args = ['explore', '--program', name, '--workers', String(workers), '--json'];
  const child = spawnSync(process.execPath, ['--import', PROBE, cli, ...args], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`scythe ${args.join(' ')}:\n${child.stderr}`);
  const kB = Number(/^peak-kB (\d+)$/m.exec(child.stderr)?.[1]);
  const cpuMs = Number(/^cpu-us (\d+)$/m.exec(child.stderr)?.[1]) / 1000;
  return { ...(JSON.parse(child.stdout) as Document), kB, cpuMs };
}

console.log(
  'program        workers  executions  blocked  seconds  cpu s  executions/s  operations/s  peak MB',
);
for (const [name, executions] of expected) {
  for (const workers of [1, 2]) {
    const runs = Array.from({ length: RUNS }, () => measured(name, workers));
    const best = runs.reduce((a, b) => (b.elapsedMs < a.elapsedMs ? b : a));
    if (best.executions !== executions) throw new Error(`${name}: ${best.executions} executions`);
    const seconds = best.elapsedMs / 1000;
    const columns = [
      name.padEnd(14),
      String(workers).padStart(7),
      String(best.executions).padStart(11),
      String(best.blocked).padStart(8),
      seconds.toFixed(2).padStart(8),
      (best.cpuMs / 1000).toFixed(2).padStart(6),
      String(Math.round(best.executions / seconds)).padStart(13),
      String(Math.round(best.operations / seconds)).padStart(13),
      String(Math.round(Math.max(...runs.map(({ kB }) => kB)) / 1024)).padStart(8),
    ];
    console.log(columns.join(' '));
  }
}

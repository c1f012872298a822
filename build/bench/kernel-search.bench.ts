// Whole searches of kernel scenarios, in one thread and in two: `npm run bench -- kernel-search`. Executions and
// operations are the same on every machine; docs/search.md says where the time goes. The aim, on one core: 8 000
// executions per second.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const cli = join('build', 'bin', 'scythe.js');
const scenarios = ['kvm-oom/search-dontneed', 'kvm-oom/search-run', 'kvm-oom/search-exit'];

interface Document {
  readonly executions: number;
  readonly blocked: number;
  readonly complete: boolean;
  readonly operations: number;
  readonly elapsedMs: number;
}

/** Tells its own peak memory when it ends: the child's, not that of this process. */
const MEMORY_PROBE =
  'data:text/javascript,' +
  encodeURIComponent(
    "process.on('exit', () => process.stderr.write(`peak-kB ${process.resourceUsage().maxRSS}\\n`));",
  );

console.log(
  'scenario                  workers  complete  executions  blocked  seconds  executions/s  operations/s  peak MB',
);
for (const scenario of scenarios) {
  for (const workers of [1, 2]) {
    const args = ['explore', scenario, '--workers', String(workers), '--json'];
    const child = spawnSync(process.execPath, ['--import', MEMORY_PROBE, cli, ...args], { encoding: 'utf8' });
    if (child.status !== 0) throw new Error(`scythe ${args.join(' ')}:\n${child.stderr}`);
    const { executions, blocked, complete, operations, elapsedMs } = JSON.parse(child.stdout) as Document;
    const seconds = elapsedMs / 1000;
    const kB = Number(/^peak-kB (\d+)$/m.exec(child.stderr)?.[1]);
    const columns = [
      scenario.padEnd(25),
      String(workers).padStart(7),
      (complete ? 'yes' : 'no').padStart(9),
      String(executions).padStart(11),
      String(blocked).padStart(8),
      seconds.toFixed(1).padStart(8),
      String(Math.round(executions / seconds)).padStart(13),
      String(Math.round(operations / seconds)).padStart(13),
      String(Math.round(kB / 1024)).padStart(8),
    ];
    console.log(columns.join(' '));
  }
}

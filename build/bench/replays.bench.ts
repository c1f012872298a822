// Does what a search finds happen again? `npm run bench -- replays` searches the scenarios of kvm-oom with the
// asynchronous notifier patch, and runs each replay a hundred times in a process of its own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { catalogue } from '../../app/scenario/catalogue.ts';
import { parseReplay, planOf } from '../../app/scenario/replay.ts';
import { runOnce } from '../../app/scenario/run.ts';

const TIMES = 100;
const PATCH = 'mmu-notifier-async-oom-v2';
const cli = join('build', 'bin', 'scythe.js');

/** In the child: how often the run of a file is the recorded one, with its title. */
function reproduce(path: string): number {
  const file = parseReplay(readFileSync(path, 'utf8'), path);
  const plan = planOf(file, catalogue);
  let same = 0;
  for (let i = 0; i < TIMES; i++) {
    const { titles, eventHash } = runOnce(plan, {
      seed: file.seed,
      clock: file.clock,
      schedule: file.schedule,
    });
    if (titles.includes(file.title) && eventHash === file.eventHash) same++;
  }
  return same;
}

function search(scenario: string, folder: string): void {
  const args = ['explore', scenario, '--patch', PATCH, '--executions', '3000', '--time', '30s'];
  const child = spawnSync(process.execPath, [cli, ...args, '--save-replays', folder], { encoding: 'utf8' });
  if (child.status !== 0 && child.status !== 1) throw new Error(`scythe ${args.join(' ')}:\n${child.stderr}`);
}

function main(): void {
  console.log(`scenario         reproduced  operations  title (${PATCH})`);
  const scenarios = readdirSync('scenarios/kvm-oom').filter((name) => name.startsWith('search-'));
  for (const scenario of scenarios.map((name) => basename(name, '.yaml')).sort()) {
    const folder = mkdtempSync(join(tmpdir(), 'scythe-replays-'));
    search(`kvm-oom/${scenario}`, folder);
    const files = readdirSync(folder).sort();
    if (files.length === 0) console.log(`${scenario.slice('search-'.length).padEnd(16)} nothing found`);
    for (const name of files) {
      const path = join(folder, name);
      const child = spawnSync(process.execPath, [import.meta.filename, path], { encoding: 'utf8' });
      if (child.status !== 0) throw new Error(child.stderr);
      const { title, schedule } = parseReplay(readFileSync(path, 'utf8'), path);
      const choices = String(schedule.length).padStart(10);
      const reproduced = `${child.stdout.trim()}/${TIMES}`.padStart(10);
      console.log(`${scenario.slice('search-'.length).padEnd(16)} ${reproduced}  ${choices}  ${title}`);
    }
    rmSync(folder, { recursive: true });
  }
}

const [path] = process.argv.slice(2);
if (path === undefined) main();
else console.log(reproduce(path));

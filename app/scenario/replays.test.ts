import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { expect, test } from 'vitest';
import { normaliseText } from '../kernel/testing/normalise.ts';
import { catalogue } from './catalogue.ts';
import { formatReplay, parseReplay, planOf } from './replay.ts';
import { dmesgOf, runOnce } from './run.ts';

// What searches of the bundled scenarios have found, one schedule each, and what the kernel says then. A schedule that
// comes to something else after a change of the model has to be searched for anew. Hashes change with every change of the
// boot: REFRESH_REPLAYS=1 writes them, with the text of the scenario.

const folder = resolvePath(import.meta.dirname, '../../scenarios');
const replays = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.replay'))
  .sort();

/** What the guest prints itself names processes in other words than reports do. */
const withoutPids = (text: string): string => text.replace(/\b(pid |process |kvm-)\d+/g, '$1N');

test.each(replays)('%s comes to what it says, in the words of the kernel', async (path) => {
  const found = parseReplay(readFileSync(join(folder, path), 'utf8'), path);
  const { name } = found.scenario;
  const replay = { ...found, scenario: { name, text: readFileSync(join(folder, `${name}.yaml`), 'utf8') } };
  const { seed, clock, schedule } = replay;
  const run = runOnce(planOf(replay, catalogue), { seed, clock, schedule });
  expect(run.titles).toContain(replay.title);
  expect(run.schedule).toEqual(schedule);
  if (process.env['REFRESH_REPLAYS'] === '1') {
    writeFileSync(
      join(folder, path),
      formatReplay({ ...replay, steps: run.steps, eventHash: run.eventHash }),
    );
  }
  const report = join(folder, path.replace(/\.replay$/, '.dmesg'));
  await expect(withoutPids(normaliseText(dmesgOf(run)))).toMatchFileSnapshot(report);
});

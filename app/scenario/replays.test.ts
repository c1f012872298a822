import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { expect, test } from 'vitest';
import { normaliseText } from '../kernel/testing/normalise.ts';
import { catalogue } from './catalogue.ts';
import { formatReplay, parseReplay, planOf } from './replay.ts';
import { dmesgOf, runOnce } from './run.ts';

// What searches of the bundled scenarios have found, one schedule each, and what the kernel says then. After a change of
// the model `vitest -u` writes the hashes anew; a schedule that comes to something else has to be searched for.

const folder = resolvePath(import.meta.dirname, '../../scenarios');
const replays = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.replay'))
  .sort();

test.each(replays)('%s comes to what it says, in the words of the kernel', async (path) => {
  const found = parseReplay(readFileSync(join(folder, path), 'utf8'), path);
  const { name } = found.scenario;
  const replay = { ...found, scenario: { name, text: readFileSync(join(folder, `${name}.yaml`), 'utf8') } };
  const { seed, clock, schedule } = replay;
  const run = runOnce(planOf(replay, catalogue), { seed, clock, schedule });
  expect(run.titles).toContain(replay.title);
  const again = { ...replay, schedule: run.schedule, steps: run.steps, eventHash: run.eventHash };
  await expect(formatReplay(again)).toMatchFileSnapshot(join(folder, path));
  const report = join(folder, path.replace(/\.replay$/, '.dmesg'));
  await expect(normaliseText(dmesgOf(run))).toMatchFileSnapshot(report);
});

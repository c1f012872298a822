import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd } from '../explore/strategy.ts';
import { catalogue } from './catalogue.ts';
import { InputError } from './issues.ts';
import { parseReplay, planOf } from './replay.ts';
import { runOnce } from './run.ts';
import { findOf, open, replayOf, searchOf, settingsOf, type Opened } from './search.ts';

function opened(name: string, patches: readonly string[] = [], change = (text: string) => text): Opened {
  const path = resolvePath(import.meta.dirname, `../../scenarios/kvm-oom/search-${name}.yaml`);
  return open({ kind: 'scenario', name, text: change(readFileSync(path, 'utf8')), overrides: { patches } });
}

test('a search begins at the start gate, with nothing left to do but for the actors', () => {
  const { program } = opened('run-dontneed');
  const machine = program.create();
  expect(machine.enabled.map((task) => task.label)).toEqual(['kvm_lab-64', 'poke-65', 'kvm_lab-66']);
  expect(program.create().steps).toBe(machine.steps);
});

test('in a timed run the last actor to come opens the gate', () => {
  const { plan } = opened('run');
  expect(plan).not.toBeNull();
  if (plan === null) return;
  const run = runOnce(plan, { seed: 1 });
  expect(run.met).toBe(true);
  expect(run.log.map(({ text }) => text).join('\n')).toContain('oom_reap_task: pid 64 reaped=1');
});

test('a replay of what was found comes to it a hundred times out of a hundred', () => {
  const target = opened('run', ['mmu-notifier-async-oom-v2']);
  const settings = settingsOf(target, {});
  const search = runToEnd(searchOf(target.program, settings));
  expect(search.coverage).toEqual({ kind: 'complete' });
  const [outcome] = search.outcomes;
  const text = replayOf(target, findOf(target, settings, outcome));
  const file = parseReplay(text ?? '', 'found.replay');
  const plan = planOf(file, catalogue);
  for (let i = 0; i < 100; i++) {
    const run = runOnce(plan, { seed: file.seed, clock: file.clock, schedule: file.schedule });
    expect(run.titles).toContain(outcome.title);
    expect(run.eventHash).toBe(file.eventHash);
  }
});

test('an actor that does not come to the gate is told of, before any search', () => {
  const never = opened('run', [], (text) => text.replace('args: [run]', 'args: [-p]'));
  expect(() => never.program.create()).toThrow(InputError);
});

test('an actor must be a task of the scenario', () => {
  const change = (text: string) => text.replace('actors: [vm, reaper]', 'actors: [vm, reper]');
  expect(() => opened('run', [], change)).toThrow(InputError);
});

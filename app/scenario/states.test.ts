import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { expect, test } from 'vitest';
import { DporSearch } from '../explore/dpor.ts';
import type { Program } from '../explore/program.ts';
import { MachineState } from '../explore/states/machine-state.ts';
import { StateSearch } from '../explore/states/state-search.ts';
import { runToEnd, type Search } from '../explore/strategy.ts';
import type { Machine } from '../sim/machine.ts';
import { open } from './search.ts';

// What a search for states may take for the same rests on what the model says of itself: `likeness` of objects, what
// functions leave behind, what loops keep. Were it wrong anywhere, final states would be missing.

/** The same program, which notes the final states of complete executions, with what each came to. */
function noting(program: Program, finals: Map<string, string>): Program {
  const states = new WeakMap<Machine, MachineState>();
  return {
    create: () => {
      const machine = program.create();
      const state = new MachineState();
      state.begin(machine);
      states.set(machine, state);
      machine.observer = state;
      const { onDeadAccess } = machine;
      if (onDeadAccess !== null) {
        machine.onDeadAccess = (task, operation, memory) => {
          state.touchesDead(task);
          return onDeadAccess(task, operation, memory);
        };
      }
      return machine;
    },
    judge: (machine) => {
      const sum = states.get(machine)?.sum(machine);
      const titles = program.judge(machine);
      finals.set(JSON.stringify(sum), titles.join('; '));
      return titles;
    },
  };
}

test.each([
  ['search-dontneed', 'mmu-notifier-async-oom-v2', 16],
  ['search-run', 'mmu-notifier-async-oom-v2', 2],
])('each final state of kvm-oom/%s with %s is found by either search', (name, patch, count) => {
  const path = resolvePath(import.meta.dirname, `../../scenarios/kvm-oom/${name}.yaml`);
  const overrides = { patches: [patch] };
  const { program } = open({ kind: 'scenario', name, text: readFileSync(path, 'utf8'), overrides });
  const finalsOf = (make: (noted: Program) => Search): [Map<string, string>, Search] => {
    const finals = new Map<string, string>();
    return [finals, runToEnd(make(noting(program, finals)))];
  };
  const [byOrders, orders] = finalsOf((noted) => new DporSearch(noted));
  const [byStates, states] = finalsOf((noted) => new StateSearch(noted));
  expect([orders.coverage, states.coverage]).toEqual([{ kind: 'complete' }, { kind: 'complete' }]);
  expect([...byStates].sort()).toEqual([...byOrders].sort());
  expect(byOrders.size).toBe(count);
});

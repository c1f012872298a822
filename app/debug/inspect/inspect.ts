import type { Execution } from '../execution.ts';
import { nameOfFunction } from '../kernel-view.ts';
import { kernelOf } from '../world.ts';
import type { GeneratorLines } from './generator-lines.ts';
import type { Inspection } from './inspection.ts';
import { inspectLockGraph, inspectLocks } from './locks.ts';
import { MemoryInspector } from './memory.ts';
import { inspectSubscriptions } from './notifiers.ts';
import { inspectSrcu } from './srcu.ts';
import { inspectTasks } from './tasks.ts';

/** Everything that inspectors show of a paused execution. Looks, and changes nothing. */
export function inspect(execution: Execution, last: string, lines: GeneratorLines | null): Inspection {
  const { machine, objects } = execution;
  const kernel = kernelOf(machine);
  return machine.inside(() => {
    const memory = new MemoryInspector(kernel);
    const mms = memory.mms(objects);
    const kvms = memory.kvms(objects);
    return {
      step: machine.steps,
      nowNs: machine.now,
      lastTask: execution.last?.index ?? null,
      last,
      tasks: inspectTasks(kernel, objects, execution.last, lines),
      locks: inspectLocks(kernel, objects),
      lockGraph: inspectLockGraph(kernel),
      mms,
      pages: memory.pages(),
      kvms,
      subscriptions: inspectSubscriptions(objects),
      srcu: inspectSrcu(kernel, objects),
      timers: [...objects.timers]
        .filter(({ memory: { alive } }) => alive)
        .map(({ func, path, state }) => ({
          function: nameOfFunction(func) ?? path,
          expiresNs: state.value.due ?? 0,
          armed: state.value.due !== null,
        })),
    };
  });
}

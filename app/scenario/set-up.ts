import { start_gate } from '../console/userland/gate.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { rcu_readers } from '../kernel/kernel/rcu/tree.ts';
import type { Chooser } from '../sim/chooser.ts';
import { Delay } from '../sim/delay.ts';
import type { Task } from '../sim/task.ts';
import { InputError } from './issues.ts';
import type { Plan } from './resolve.ts';

/**
 * Runs what comes before the search: everything up to the start gate, one fixed way, until nobody has anything
 * left to do. Then the gate is open. Without actors there is no set-up, and the whole guest is searched.
 * For kernels whose clock counts steps; throws an InputError if an actor does not come.
 */
export function runSetUp(kernel: Kernel, plan: Plan): void {
  const actors = plan.scenario.search?.actors ?? [];
  if (actors.length === 0) return;
  const { machine } = kernel;
  const gate = machine.inside(() => start_gate());
  gate.held = true;
  machine.run(new FixedOrder(), MOST_STEPS);
  if (machine.steps >= MOST_STEPS) {
    throw refusal('the set-up of the search does not come to rest', 'start endless work behind the gate');
  }
  if (gate.arrived.value < gate.parties) {
    const waiting = machine.tasks.filter((task) => task.pending?.object === gate.open);
    const there = waiting.map((task) => task.label).join(', ');
    throw refusal(
      `${gate.parties - gate.arrived.value} of ${gate.parties} actors do not come to the start gate`,
      there === '' ? 'nobody is there' : `there are: ${there}`,
    );
  }
  gate.open.value = true;
  machine.inside(() => {
    rcu_readers().settle();
    machine.wake(gate.open);
  });
}

/** A set-up that takes longer than this never ends. */
const MOST_STEPS = 200_000;

/** Whoever runs goes on; then the first task that can; time passes only when nobody has anything else to do. */
class FixedOrder implements Chooser {
  private last: Task | null = null;

  next(enabled: readonly Task[]): Task {
    if (this.last?.enabled === true && !sleeps(this.last)) return this.last;
    let next = enabled[0];
    for (let i = 1; i < enabled.length && sleeps(next); i++) {
      if (dueOf(enabled[i]) < dueOf(next)) next = enabled[i];
    }
    this.last = next;
    return next;
  }

  alternative(): number {
    return 0;
  }
}

function sleeps(task: Task): boolean {
  return task.pending instanceof Delay;
}

/** -1 for who need not wait. */
function dueOf(task: Task): number {
  return task.pending instanceof Delay ? task.pending.due : -1;
}

function refusal(message: string, fix: string): InputError {
  const place = { file: 'search.actors', line: 0, column: 0, path: ['search', 'actors'] };
  return new InputError([{ ...place, code: 'contradiction', message, fix }]);
}

import type { Body } from '../../sim/call.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import { Effect, type Operation } from '../../sim/operation.ts';
import { abandon } from '../../sim/spawn.ts';
import { Frame, type Task } from '../../sim/task.ts';
import { currentOrNull, PF_EXITING } from '../include/sched.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { pr_alert, pr_info } from '../printk.ts';
import { do_exit } from './exit.ts';
import { updateStanding } from './sched/core.ts';

const SIGSEGV = 11;

/**
 * make_task_dead() - the end of a task that oopsed.
 *
 * It gives back its files and its memory as any exiting task does, but not the locks that it holds.
 * Context: the task itself, on a fresh stack. Return: never.
 * Models: kernel/exit.c. Leaves out: the limit on the number of oopses.
 */
export const make_task_dead = kfunc('make_task_dead', function* (irqsOff: boolean): Body<never> {
  const me = currentOrNull();
  if (me === null) return yield* abandon();
  // Its CPU stays in panic(). Others go on in a search only.
  if (kernel().log.hasPanicked(me.thread)) return yield* abandon();
  if (irqsOff || me.irqs_disabled > 0) {
    pr_info(`note: ${me.comm}[${me.pid}] exited with irqs disabled`);
    me.irqs_disabled = 0;
  }
  if (me.preempt_count > 0) {
    pr_info(`note: ${me.comm}[${me.pid}] exited with preempt_count ${me.preempt_count}`);
    me.preempt_count = 0;
  }
  updateStanding(me);
  if ((me.flags & PF_EXITING) !== 0) pr_alert('Fixing recursive fault but reboot is needed!');
  else yield* do_exit(SIGSEGV);
  return yield* abandon();
});

/** Gives a task that oopsed an empty stack, on which it dies. What stood on the old one stays as it was. */
export function rewindStack(task: Task, irqsOff = false): void {
  const symbol = make_task_dead.symbol;
  const frame = new Frame(symbol, symbol.body(irqsOff), null, 0, [irqsOff]);
  task.top = frame;
  machineInForce().observer?.entered?.(task, frame);
}

/** rewind_stack_and_make_dead() - the end of an oops that the task's own code reported. Never returns. */
export function rewind_stack_and_make_dead(irqsOff = false): Operation<never> {
  const task = machineInForce().running();
  return new Effect<never>('exit', task, 'write', (dying) => {
    rewindStack(dying, irqsOff);
    return undefined as never;
  });
}

import { describe, expect, test } from 'vitest';
import type { Body, Call } from '../../../sim/call.ts';
import { Cell } from '../../../sim/cell.ts';
import { describeWait, endingOf } from '../../../sim/ending.ts';
import { RandomChooser } from '../../../sim/random.ts';
import { TimedScheduler, type CostModel } from '../../../sim/timed.ts';
import { set_bit } from '../../include/bitops.ts';
import { ERESTARTSYS } from '../../include/errno.ts';
import { TIF_SIGPENDING, type TaskStruct } from '../../include/sched.ts';
import { TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE } from '../../include/task_state.ts';
import type { Kernel } from '../../kernel.ts';
import { addTasks, bootForTest, dmesg, inTurn, runTasks } from '../../testing/boot.ts';
import {
  finish_rcuwait,
  prepare_to_rcuwait,
  Rcuwait,
  rcuwait_wake_up,
  rcuwait_wait_event,
} from '../rcuwait.ts';
import {
  complete,
  complete_all,
  Completion,
  wait_for_completion,
  wait_for_completion_killable,
} from './completion.ts';
import {
  schedule,
  schedule_timeout_interruptible,
  schedule_timeout_uninterruptible,
  sched_show_task,
  set_current_state,
  task_state_to_char,
  wake_up_process,
} from './core.ts';
import {
  DEFINE_WAIT,
  finish_wait,
  prepare_to_wait,
  wait_event,
  wait_event_interruptible,
  WaitQueueHead,
  wake_up,
  wake_up_all,
} from './wait.ts';

const kinds = [{ PREEMPT_RT: false }, { PREEMPT_RT: true }] as const;

/** The seed of the first random run, of a hundred, that does not come to its end; null if all do. */
function firstStuck(
  build: () => { kernel: Kernel; tasks: Record<string, () => Body<unknown>> },
): number | null {
  for (let seed = 0; seed < 100; seed++) {
    const { kernel, tasks } = build();
    runTasks(kernel, tasks, new RandomChooser(seed));
    if (endingOf(kernel.machine).kind !== 'complete') return seed;
  }
  return null;
}

describe.each(kinds)('with %j', (config) => {
  function world() {
    const kernel = bootForTest({ config: { ...config, PROVE_LOCKING: true, DEBUG_ATOMIC_SLEEP: true } });
    return kernel.machine.inside(() => ({
      kernel,
      wq: new WaitQueueHead('&wq'),
      done: new Cell(false, 'done'),
      x: new Completion(),
      w: new Rcuwait('w'),
    }));
  }

  // waiter: sees done clear, gets on the queue, sleeps
  // waker: sets done, wakes the queue - between the look and the queue nobody is there to be woken
  test('who looks at the condition before getting on the queue can miss the wake-up', () => {
    const stuck = firstStuck(() => {
      const { kernel, wq, done } = world();
      const tasks = {
        *waiter() {
          const wait = DEFINE_WAIT();
          if (!(yield* done.read())) {
            yield* prepare_to_wait(wq, wait, TASK_UNINTERRUPTIBLE);
            yield* schedule();
          }
          yield* finish_wait(wq, wait);
        },
        *waker() {
          yield* done.write(true);
          yield* wake_up(wq);
        },
      };
      return { kernel, tasks };
    });
    expect(stuck).not.toBeNull();
  });

  test('a waiter of wait_event() misses nothing', () => {
    const stuck = firstStuck(() => {
      const { kernel, wq, done } = world();
      const waiter = () => wait_event(wq, () => look(done));
      const tasks = {
        one: waiter,
        two: waiter,
        *waker() {
          yield* done.write(true);
          yield* wake_up_all(wq);
        },
      };
      return { kernel, tasks };
    });
    expect(stuck).toBeNull();
  });

  test('a lost wake-up is told as such, with what is waited for', () => {
    const { kernel } = world();
    runTasks(kernel, {
      *waiter() {
        yield* set_current_state(TASK_UNINTERRUPTIBLE);
        yield* schedule();
      },
    });
    const ending = endingOf(kernel.machine);
    expect(ending.kind === 'lost wake-up' ? ending.waits.map(describeWait) : ending).toEqual([
      expect.stringMatching(/^waiter waits for .*__state$/),
    ]);
  });

  test('a completion lets through as many as it was completed for, or all', () => {
    const stuck = firstStuck(() => {
      const { kernel, x } = world();
      const waiter = () => wait_for_completion(x);
      return {
        kernel,
        tasks: { one: waiter, two: waiter, first: () => call(complete(x)), second: () => call(complete(x)) },
      };
    });
    expect(stuck).toBeNull();

    const { kernel, x } = world();
    const waiter = () => wait_for_completion(x);
    runTasks(kernel, { one: waiter, two: waiter, three: waiter, done: () => call(complete_all(x)) });
    expect(endingOf(kernel.machine).kind).toBe('complete');
    expect(dmesg(kernel)).toEqual([]);

    const short = world();
    runTasks(short.kernel, {
      one: () => wait_for_completion(short.x),
      two: () => wait_for_completion(short.x),
      done: () => call(complete(short.x)),
    });
    expect(endingOf(short.kernel.machine).kind).toBe('lost wake-up');
  });

  test('the one waiter of an rcuwait is woken whenever it looks', () => {
    const stuck = firstStuck(() => {
      const { kernel, w, done } = world();
      const tasks = {
        waiter: () => rcuwait_wait_event(w, () => look(done), TASK_UNINTERRUPTIBLE),
        *waker() {
          yield* done.write(true);
          yield* rcuwait_wake_up(w);
        },
      };
      return { kernel, tasks };
    });
    expect(stuck).toBeNull();
  });

  test('an rcuwait without a waiter wakes nobody', () => {
    const { kernel, w } = world();
    const woken: boolean[] = [];
    runTasks(kernel, {
      *task() {
        yield* prepare_to_rcuwait(w);
        yield* finish_rcuwait(w);
        woken.push(yield* rcuwait_wake_up(w));
      },
    });
    expect(woken).toEqual([false]);
  });

  test('a signal ends an interruptible sleep, SIGKILL a killable one, nothing the others', () => {
    const { kernel, wq, x } = world();
    const results: number[] = [];
    const tasks: Record<string, TaskStruct> = addTasks(kernel, {
      *interruptible() {
        results.push(yield* wait_event_interruptible(wq, no));
      },
      *killable() {
        results.push(yield* wait_for_completion_killable(x));
      },
      *uninterruptible() {
        yield* wait_for_completion(x);
      },
      *killer() {
        for (const task of Object.values(tasks)) {
          yield* set_bit(8, task.pending);
          yield* set_bit(TIF_SIGPENDING, task.thread_flags);
          yield* wake(task);
        }
      },
    });
    kernel.machine.run(inTurn);
    expect(results).toEqual([-ERESTARTSYS, -ERESTARTSYS]);
    expect(task_state_to_char(tasks['uninterruptible'])).toBe('D');
    kernel.machine.inside(() => sched_show_task(tasks['uninterruptible']));
    expect(dmesg(kernel).map((line) => line.replace(/\+0x.*/, ''))).toEqual([
      'task:uninterruptible state:D stack:0     pid:102   tgid:102   ppid:0      flags:0x00000004',
      'Call Trace:',
      ' <TASK>',
      ' __schedule',
      ' schedule',
      ' schedule_timeout',
      ' __wait_for_common',
      ' </TASK>',
    ]);
  });
});

function* call(step: Call<void>): Body<void> {
  yield* step;
}

function* look(cell: Cell<boolean>): Body<boolean> {
  return yield* cell.read();
}

function* no(): Body<boolean> {
  return false;
}

/** As signal_wake_up() does for SIGKILL. */
function* wake(task: TaskStruct): Body<void> {
  yield* task.__state.update((state) => ((state & (TASK_INTERRUPTIBLE | 0x100)) !== 0 ? 0 : state));
}

describe('sleeps with a timeout', () => {
  const costs: CostModel = {
    operation: {
      read: 10,
      write: 10,
      rmw: 10,
      acquire: 10,
      release: 10,
      wait: 10,
      alloc: 10,
      free: 10,
      choose: 0,
      delay: 0,
      spawn: 10,
      exit: 10,
    },
    contextSwitch: 0,
    wakeUp: 0,
    slice: 1_000_000,
    jitter: 0,
  };

  /** Runs in virtual time at HZ=250; the result is when the sleeper woke, in jiffies, and what was left. */
  function sleep(sleeper: () => Call<number>, waker: (task: TaskStruct) => Body<void>) {
    const scheduler = new TimedScheduler(2, costs, 1);
    const kernel = bootForTest({ config: { HZ: 250 }, clock: scheduler });
    const result = { at: -1, left: -1 };
    const tasks: Record<string, TaskStruct> = addTasks(kernel, {
      *sleeper() {
        result.left = yield* sleeper();
        result.at = Math.floor(kernel.machine.now / 4_000_000);
      },
      *waker() {
        yield* waker(tasks['sleeper']);
      },
    });
    kernel.machine.run(scheduler);
    return result;
  }

  test('last at least as long as was asked for, and a part of a tick longer', () => {
    const asleep = sleep(
      () => schedule_timeout_uninterruptible(10),
      function* () {},
    );
    expect(asleep).toEqual({ at: 11, left: 0 });
  });

  test('end early when somebody wakes the sleeper', () => {
    const woken = sleep(
      () => schedule_timeout_interruptible(100),
      function* (task) {
        yield* schedule_timeout_uninterruptible(20);
        yield* wake_up_process(task);
      },
    );
    expect(woken).toEqual({ at: 21, left: 79 });
  });

  test('may end at once in a search', () => {
    const kernel = bootForTest();
    runTasks(kernel, {
      *sleeper() {
        yield* schedule_timeout_uninterruptible(1000);
      },
    });
    expect(endingOf(kernel.machine).kind).toBe('complete');
  });
});

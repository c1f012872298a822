import { expect, test } from 'vitest';
import { bootForTest, dmesg, runTasks } from '../../testing/boot.ts';
import { Mutex, mutex_lock, mutex_unlock } from './mutex.ts';

test('a mutex is taken and released', () => {
  for (const PREEMPT_RT of [false, true]) {
    const kernel = bootForTest({ config: { PREEMPT_RT, PROVE_LOCKING: true, DEBUG_ATOMIC_SLEEP: true } });
    const lock = kernel.machine.inside(() => new Mutex('m'));
    const tasks = {
      *a() {
        yield* mutex_lock(lock);
        yield* mutex_unlock(lock);
      },
    };
    runTasks(kernel, tasks);
    expect(dmesg(kernel)).toEqual([]);
    expect(kernel.machine.tasks[0].state).toBe('ended');
  }
});

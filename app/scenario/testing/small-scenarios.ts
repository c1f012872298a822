import {
  call_srcu,
  cleanup_srcu_struct,
  RcuHead,
  srcu_barrier,
  srcu_read_lock,
  srcu_read_unlock,
  synchronize_srcu,
} from '../../kernel/kernel/rcu/srcutree.ts';
import {
  complete,
  complete_all,
  Completion,
  completion_done,
  reinit_completion,
  wait_for_completion,
  wait_for_completion_killable,
  wait_for_completion_timeout,
} from '../../kernel/kernel/sched/completion.ts';
import {
  DECLARE_WORK,
  DelayedWork,
  flush_delayed_work,
  flush_work,
  INIT_DELAYED_WORK,
  queue_delayed_work,
  queue_work,
  schedule_work,
  system_unbound_wq,
  system_wq,
  type Work,
} from '../../kernel/kernel/workqueue.ts';
import { kernelGlobal } from '../../kernel/globals.ts';
import { kfunc } from '../../kernel/kfunc.ts';
import { SIGKILL } from '../../kernel/include/signal.ts';
import { do_send_sig_info } from '../../kernel/kernel/signal.ts';
import type { SearchDetail } from '../../kernel/search-detail.ts';
import { reserve } from '../../kernel/struct.ts';
import type { TestTasks } from '../../kernel/testing/boot.ts';
import type { Body } from '../../sim/call.ts';
import { bench } from './small-kernels.ts';

/** What can be searched to its end with and without what a search leaves out. */
export interface SmallScenario {
  readonly name: string;
  /** The tasks, with a bug or without. */
  readonly tasks: (bug: boolean) => TestTasks;
  /** What shows in some outcome if there is the bug, and in none if there is not. A use after free, if not given. */
  readonly sign?: RegExp;
  /** What is to make no difference. */
  readonly detail: Partial<SearchDetail>;
}

type Scenario = Omit<SmallScenario, 'detail'>;

const free_victim = kfunc('free_victim', function* (_head: RcuHead) {
  yield* bench().victim.free();
});

const use_victim = kfunc('use_victim', function* (_head: RcuHead) {
  yield* bench().victim.use();
});

const use_other = kfunc('use_other', function* (_head: RcuHead) {
  yield* bench().other.use();
});

const queue_next = kfunc('queue_next', function* (_head: RcuHead) {
  yield* bench().victim.unpublish();
  yield* call_srcu(bench().ssp, newHead(), free_victim);
});

const newHead = (): RcuHead => new RcuHead(reserve('slab', 'head', 16), '', 'head');

function* section(inside: () => Body<void>): Body<void> {
  const idx = yield* srcu_read_lock(bench().ssp);
  yield* inside();
  yield* srcu_read_unlock(bench().ssp, idx);
}

const reader = (): Body<void> => section(() => bench().victim.useIfPublished());

const ofSrcu: Scenario[] = [
  {
    name: 'srcu: free after synchronize_srcu()',
    tasks: (bug) => ({
      reader,
      *updater() {
        const { victim, ssp } = bench();
        yield* victim.unpublish();
        if (!bug) yield* synchronize_srcu(ssp);
        yield* victim.free();
      },
    }),
  },
  {
    name: 'srcu: two sections',
    tasks: (bug) => ({
      *reader() {
        yield* reader();
        yield* reader();
      },
      *updater() {
        const { victim, ssp } = bench();
        if (!bug) yield* victim.unpublish();
        yield* synchronize_srcu(ssp);
        if (bug) yield* victim.unpublish();
        yield* victim.free();
      },
    }),
  },
  {
    name: 'srcu: free in a callback',
    tasks: (bug) => ({
      reader,
      *updater() {
        const { victim, ssp } = bench();
        if (!bug) yield* victim.unpublish();
        yield* call_srcu(ssp, newHead(), free_victim);
        if (bug) yield* victim.unpublish();
      },
    }),
  },
  {
    name: 'srcu: two grace periods',
    tasks: (bug) => ({
      reader,
      *first() {
        const { victim, ssp } = bench();
        yield* victim.unpublish();
        if (!bug) yield* synchronize_srcu(ssp);
        yield* victim.free();
      },
      *second() {
        yield* synchronize_srcu(bench().ssp);
      },
    }),
  },
  {
    name: 'srcu: a callback queues another one',
    tasks: (bug) => ({
      reader,
      *updater() {
        const { ssp, victim } = bench();
        yield* call_srcu(ssp, newHead(), bug ? free_victim : queue_next);
        yield* victim.unpublish();
      },
    }),
  },
  {
    name: 'srcu: queued inside a section',
    tasks: (bug) => ({
      *reader() {
        yield* section(function* () {
          const { victim, ssp } = bench();
          yield* victim.unpublish();
          yield* call_srcu(ssp, newHead(), free_victim);
          if (!bug) yield* victim.use();
        });
        if (bug) yield* bench().victim.use();
      },
      other: reader,
    }),
  },
  {
    name: 'srcu: two callers',
    tasks: (bug) => ({
      *first() {
        const { victim, ssp } = bench();
        yield* call_srcu(ssp, newHead(), use_victim);
        if (!bug) yield* synchronize_srcu(ssp);
        yield* victim.free();
      },
      *second() {
        yield* call_srcu(bench().ssp, newHead(), use_other);
      },
    }),
  },
  {
    name: 'srcu: barrier',
    tasks: (bug) => ({
      *updater() {
        const { victim, ssp } = bench();
        yield* call_srcu(ssp, newHead(), use_victim);
        if (!bug) yield* srcu_barrier(ssp);
        yield* victim.free();
      },
    }),
  },
  {
    name: 'srcu: cleanup',
    sign: /WARNING/,
    tasks: (bug) => ({
      *updater() {
        const { ssp } = bench();
        yield* call_srcu(ssp, newHead(), use_victim);
        if (!bug) yield* srcu_barrier(ssp);
        yield* cleanup_srcu_struct(ssp);
      },
    }),
  },
  {
    name: 'srcu: cleanup beside a reader',
    sign: /WARNING.*reader: victim is 0/,
    tasks: (bug) => ({
      reader,
      *updater() {
        const { ssp, victim } = bench();
        yield* victim.unpublish();
        if (!bug) yield* synchronize_srcu(ssp);
        yield* cleanup_srcu_struct(ssp);
      },
    }),
  },
];

const done = kernelGlobal('small_done', () => new Completion('&small->done'));

const ofCompletions: Scenario[] = [
  {
    name: 'completion: free after the last use',
    tasks: (bug) => ({
      *user() {
        const { victim } = bench();
        if (bug) yield* complete(done());
        yield* victim.change(1);
        if (!bug) yield* complete(done());
      },
      *waiter() {
        yield* wait_for_completion(done());
        yield* bench().victim.use();
        yield* bench().victim.free();
      },
    }),
  },
  {
    name: 'completion: two wait',
    sign: /lost wake-up/,
    tasks: (bug) => ({
      *user() {
        if (bug) yield* complete(done());
        else yield* complete_all(done());
      },
      *waiter() {
        yield* wait_for_completion(done());
        bench().note('passed');
      },
      *second() {
        yield* wait_for_completion(done());
        bench().note('passed');
      },
    }),
  },
  {
    name: 'completion: waits for some time',
    tasks: (bug) => ({
      *user() {
        yield* bench().victim.change(1);
        yield* complete(done());
      },
      *waiter() {
        const left = yield* wait_for_completion_timeout(done(), 10);
        bench().note(left > 0 ? 'in time' : 'too late');
        if (left > 0 || bug) yield* bench().victim.free();
      },
    }),
  },
  {
    name: 'completion: waits until it is killed',
    tasks: (bug) => ({
      *user() {
        yield* bench().victim.change(1);
        yield* complete(done());
      },
      *waiter() {
        const ret = yield* wait_for_completion_killable(done());
        bench().note(`waited: ${ret}`);
        if (ret === 0 || bug) yield* bench().victim.free();
      },
      *killer() {
        yield* do_send_sig_info(SIGKILL, bench().tasks['waiter'], 'PIDTYPE_PID');
      },
    }),
  },
  {
    name: 'completion: done again',
    sign: /done after reinit: true/,
    tasks: (bug) => ({
      *user() {
        yield* complete(done());
        if (bug) yield* complete(done());
      },
      *waiter() {
        yield* wait_for_completion(done());
        bench().note(`still done: ${String(yield* completion_done(done()))}`);
        yield* reinit_completion(done());
        bench().note(`done after reinit: ${String(yield* completion_done(done()))}`);
      },
    }),
  },
];

const use_work_fn = kfunc('use_work_fn', function* (_work: Work) {
  yield* bench().victim.use();
  yield* bench().victim.change(1);
});

const other_work_fn = kfunc('other_work_fn', function* (_work: Work) {
  yield* bench().other.use();
});

const flushing_work_fn = kfunc('flushing_work_fn', function* (_work: Work) {
  yield* flush_work(use_work());
  yield* bench().victim.free();
});

const freeing_work_fn = kfunc('freeing_work_fn', function* (_work: Work) {
  yield* bench().victim.free();
});

const waiting_work_fn = kfunc('waiting_work_fn', function* (_work: Work) {
  yield* wait_for_completion(done());
  yield* bench().victim.use();
});

const completing_work_fn = kfunc('completing_work_fn', function* (_work: Work) {
  yield* bench().victim.change(2);
  yield* complete(done());
});

/** Runs twice, and has another one run. */
const again_work_fn = kfunc('again_work_fn', function* (work: Work) {
  if (!(yield* bench().other.published.read())) return;
  yield* bench().other.unpublish();
  yield* schedule_work(work);
  yield* schedule_work(use_work());
});

const again_work = kernelGlobal('small_again_work', () => DECLARE_WORK('again_work', again_work_fn));
const delayed_work = kernelGlobal('small_delayed_work', () => {
  const made = new DelayedWork('delayed_work', reserve('global', 'delayed_work', 100));
  INIT_DELAYED_WORK(made, use_work_fn);
  return made;
});
const use_work = kernelGlobal('small_use_work', () => DECLARE_WORK('use_work', use_work_fn));
const other_work = kernelGlobal('small_other_work', () => DECLARE_WORK('other_work', other_work_fn));
const flushing_work = kernelGlobal('small_flushing_work', () =>
  DECLARE_WORK('flushing_work', flushing_work_fn),
);
const freeing_work = kernelGlobal('small_freeing_work', () => DECLARE_WORK('freeing_work', freeing_work_fn));
const waiting_work = kernelGlobal('small_waiting_work', () => DECLARE_WORK('waiting_work', waiting_work_fn));
const completing_work = kernelGlobal('small_completing_work', () =>
  DECLARE_WORK('completing_work', completing_work_fn),
);

const ofWorks: Scenario[] = [
  {
    name: 'work: free after flush_work()',
    tasks: (bug) => ({
      *owner() {
        yield* schedule_work(use_work());
        yield* schedule_work(other_work());
        if (!bug) yield* flush_work(use_work());
        yield* bench().victim.free();
      },
    }),
  },
  {
    name: 'work: queued again while it runs',
    tasks: (bug) => ({
      *owner() {
        bench().note(`queued: ${String(yield* schedule_work(use_work()))}`);
        if (!bug) yield* wait_for_completion(done());
        yield* flush_work(use_work());
        yield* bench().victim.free();
      },
      *second() {
        bench().note(`queued: ${String(yield* schedule_work(use_work()))}`);
        yield* complete(done());
      },
    }),
  },
  {
    name: 'work: flushed by another one',
    tasks: (bug) => ({
      *owner() {
        yield* schedule_work(use_work());
        yield* schedule_work(bug ? freeing_work() : flushing_work());
      },
    }),
  },
  {
    name: 'work: waits for another one',
    tasks: (bug) => ({
      *owner() {
        yield* schedule_work(waiting_work());
        yield* schedule_work(completing_work());
        if (!bug) yield* flush_work(waiting_work());
        yield* bench().victim.free();
      },
    }),
  },
  {
    name: 'work: delayed',
    tasks: (bug) => ({
      *owner() {
        yield* queue_delayed_work(system_wq(), delayed_work(), 5);
        if (!bug) yield* flush_delayed_work(delayed_work());
        yield* bench().victim.free();
      },
    }),
  },
  {
    name: 'work: queues itself',
    tasks: (bug) => ({
      *owner() {
        yield* schedule_work(again_work());
        yield* flush_work(again_work());
        if (!bug) yield* flush_work(use_work());
        yield* bench().victim.free();
      },
    }),
  },
  {
    name: 'work: on two queues',
    tasks: (bug) => ({
      *owner() {
        yield* schedule_work(use_work());
        if (!bug) yield* flush_work(use_work());
        yield* bench().victim.free();
      },
      *second() {
        yield* queue_work(system_unbound_wq(), other_work());
        yield* flush_work(other_work());
        yield* bench().other.free();
      },
    }),
  },
];

export const smallScenarios: readonly SmallScenario[] = [
  ...ofSrcu.map((scenario) => ({ ...scenario, detail: { srcu: true } })),
  ...ofCompletions.map((scenario) => ({ ...scenario, detail: { completions: true } })),
  ...ofWorks.map((scenario) => ({ ...scenario, detail: { works: true } })),
  { ...ofSrcu[0], name: 'all of it', detail: { srcu: true, completions: true, works: true } },
];

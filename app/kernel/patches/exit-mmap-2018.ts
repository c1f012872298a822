import type { Body } from '../../sim/call.ts';
import { mm_flags_set, mm_flags_test } from '../include/mm.ts';
import { MMF_OOM_SKIP, MMF_UNSTABLE, type MmStruct } from '../include/mm_types.ts';
import {
  mmap_read_trylock,
  mmap_read_unlock,
  mmap_write_lock,
  mmap_write_unlock,
} from '../include/mmap_lock.ts';
import type { TaskStruct } from '../include/sched.ts';
import { config } from '../kernel.ts';
import { replace } from '../kfunc.ts';
import { schedule_timeout_idle } from '../kernel/sched/core.ts';
import { exit_mmap } from '../mm/mmap.ts';
import { exitBesideReaper, waitForReaper } from '../mm/mmap.v4.15.ts';
import { munlockAll } from '../mm/mmap.v5.17.ts';
import {
  freeTables,
  mm_is_oom_victim,
  releaseNotifiers,
  removeVmas,
  unmapAll,
  zapAll,
} from '../mm/mmap.v5.18.ts';
import { oom_reap_task_mm } from '../mm/oom_kill.ts';
import { reapAndTell } from '../mm/oom_kill.v4.15.ts';
import { underOomLock } from '../mm/oom_kill.v4.17.ts';
import { trace_event } from '../trace-events.ts';
import type { Patch } from '../tree.ts';

// Proposals of 2017 and 2018 that were not merged: how an exit and a reaper shall keep clear of each other.

/** "exit_mmap() is entering its unmap": a bit that no kernel has. */
const MMF_UNMAPPING = 24;

/** A reaper that gives up, once it has the lock, where one of the flags is set. */
function* reapUnless(tsk: TaskStruct, mm: MmStruct, flags: readonly number[]): Body<boolean> {
  if (!(yield* mmap_read_trylock(mm))) {
    trace_event('oom', 'skip_task_reaping', `pid=${tsk.pid}`);
    return false;
  }
  for (const flag of flags) {
    if (!(yield* mm_flags_test(flag, mm))) continue;
    yield* mmap_read_unlock(mm);
    trace_event('oom', 'skip_task_reaping', `pid=${tsk.pid}`);
    // An exit is on its way: the OOM killer shall wait for it a little.
    if (flag !== MMF_OOM_SKIP) yield* schedule_timeout_idle(config().HZ);
    return true;
  }
  yield* reapAndTell(tsk, mm);
  yield* mmap_read_unlock(mm);
  return true;
}

function* skip(mm: MmStruct): Body<void> {
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
}

export const exitMmapTwoFlags: Patch = {
  name: 'exit-mmap-two-flags',
  title: 'two flags: tell the reaper before exit_mmap() unmaps (inline, without a subject of its own)',
  description:
    'D. Rientjes, December 2017: a first flag says that exit_mmap() is about to unmap, and taking mmap_lock for write ' +
    'once waits for a reaper that has not seen it; MMF_OOM_SKIP stays where it is. An exit and a reaper then never ' +
    'unmap side by side. The answer was that unmapping side by side is harmless, and only freeing page tables is not.',
  appliesTo: ['v4.14'],
  replacements: [
    replace(exit_mmap, function* (mm) {
      yield* mm_flags_set(MMF_UNMAPPING, mm);
      yield* waitForReaper(mm);
      yield* exitBesideReaper(mm, skip);
    }),
    replace(oom_reap_task_mm, (tsk, mm) =>
      underOomLock(() => reapUnless(tsk, mm, [MMF_OOM_SKIP, MMF_UNMAPPING])),
    ),
  ],
};

export const exitMmapUnstableFlag: Patch = {
  name: 'exit-mmap-unstable-flag',
  title: 'MMF_UNSTABLE as the first of two flags (inline, without a subject of its own)',
  description:
    'T. Handa, April 2018: MMF_UNSTABLE is that first flag, set before munlocking and followed by taking mmap_lock for ' +
    'write once; MMF_OOM_SKIP comes after tlb_finish_mmu(), when the memory is free. A reaper refuses an mm that is ' +
    'unstable already and waits for a second.',
  appliesTo: ['v4.15'],
  replacements: [
    replace(exit_mmap, function* (mm) {
      yield* releaseNotifiers(mm);
      const victim = yield* mm_is_oom_victim(mm);
      if (victim) {
        yield* mm_flags_set(MMF_UNSTABLE, mm);
        yield* waitForReaper(mm);
      }
      yield* munlockAll(mm);
      const first = yield* mm.mmap.read();
      if (first === null) return;
      yield* freeTables(yield* zapAll(mm, first), first);
      if (victim) yield* mm_flags_set(MMF_OOM_SKIP, mm);
      yield* removeVmas(mm, first);
    }),
    replace(oom_reap_task_mm, (tsk, mm) =>
      underOomLock(() => reapUnless(tsk, mm, [MMF_OOM_SKIP, MMF_UNSTABLE])),
    ),
  ],
};

export const exitMmapVictimLock: Patch = {
  name: 'exit-mmap-victim-lock',
  title: 'mmap_sem for write in exit_mmap() of OOM victims (inline, without a subject of its own)',
  description:
    'M. Hocko, April 2018: the exit of a victim holds mmap_lock for write from before munlocking to the very end and ' +
    'sets MMF_OOM_SKIP just before it lets go. The objection: a huge victim takes longer than the ten tries of the ' +
    'reaper, which then says MMF_OOM_SKIP itself, and a second process is killed for nothing.',
  appliesTo: ['v4.15'],
  replacements: [
    replace(exit_mmap, function* (mm) {
      yield* releaseNotifiers(mm);
      const victim = yield* mm_is_oom_victim(mm);
      if (victim) yield* mmap_write_lock(mm);
      yield* munlockAll(mm);
      const first = yield* mm.mmap.read();
      if (first !== null) {
        yield* unmapAll(mm, first);
        yield* removeVmas(mm, first);
      }
      if (!victim) return;
      yield* mm_flags_set(MMF_OOM_SKIP, mm);
      yield* mmap_write_unlock(mm);
    }),
  ],
};

import type { Patch } from '../tree.ts';
import {
  dupMmapEraseTail,
  dupMmapNodeReserve,
  dupMmapRecovery,
  dupMmapUnstable,
  forkScanWhenDone,
  swapoffCheckStable,
  uprobesDupMm,
} from './dup-mmap.ts';
import { exitMmapTwoFlags, exitMmapUnstableFlag, exitMmapVictimLock } from './exit-mmap-2018.ts';
import { exitMmapUnlocked, exitMmapUnlockedPgtables, exitMmapUnlockedWindows } from './exit-mmap-unlocked.ts';
import { exitMmapClearMmap, exitMmapWriteLock, mreleaseMmCount } from './exit-mmap-write-lock.ts';
import {
  mmuNotifierAsyncOomV2,
  mmuNotifierAsyncOomV2KillSite,
  mmuNotifierAsyncOomV2NoDelInit,
} from './mmu-notifier-async-oom-v2.ts';
import { mmuNotifierNoUnwind, mmuNotifierSortedUnwind, oomReaperAlwaysEnd } from './mmu-notifier-pairing.ts';
import { kvmDeferredInvalidation } from './kvm-deferred-invalidation.ts';
import { gpcRawLocks, mnInvalidateRawLock } from './mn-invalidate-raw-lock.ts';
import { exitMmapMunlockRead, pmdBadRadix } from './munlock-2018.ts';
import { oomEnterDeferredUnregister, oomEnterSyncUnregister } from './oom-enter.ts';

/** All patches, in the order in which they were proposed. */
export const patches: readonly Patch[] = [
  exitMmapTwoFlags,
  exitMmapUnstableFlag,
  exitMmapVictimLock,
  pmdBadRadix,
  exitMmapWriteLock,
  mreleaseMmCount,
  exitMmapClearMmap,
  exitMmapMunlockRead,
  oomReaperAlwaysEnd,
  mmuNotifierSortedUnwind,
  mmuNotifierNoUnwind,
  forkScanWhenDone,
  uprobesDupMm,
  dupMmapUnstable,
  swapoffCheckStable,
  dupMmapRecovery,
  dupMmapEraseTail,
  dupMmapNodeReserve,
  mnInvalidateRawLock,
  gpcRawLocks,
  kvmDeferredInvalidation,
  oomEnterDeferredUnregister,
  oomEnterSyncUnregister,
  mmuNotifierAsyncOomV2,
  mmuNotifierAsyncOomV2KillSite,
  mmuNotifierAsyncOomV2NoDelInit,
  exitMmapUnlocked,
  exitMmapUnlockedWindows,
  exitMmapUnlockedPgtables,
];

export function findPatch(name: string): Patch | null {
  return patches.find((patch) => patch.name === name) ?? null;
}

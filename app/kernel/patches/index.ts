import type { Patch } from '../tree.ts';
import {
  dupMmapEraseTail,
  dupMmapNodeReserve,
  dupMmapRecovery,
  dupMmapUnstable,
  swapoffCheckStable,
} from './dup-mmap.ts';
import {
  mmuNotifierAsyncOomV2,
  mmuNotifierAsyncOomV2KillSite,
  mmuNotifierAsyncOomV2NoDelInit,
} from './mmu-notifier-async-oom-v2.ts';
import { mnInvalidateRawLock } from './mn-invalidate-raw-lock.ts';
import { oomEnterDeferredUnregister, oomEnterSyncUnregister } from './oom-enter.ts';

/** All patches, in the order in which they were proposed. */
export const patches: readonly Patch[] = [
  dupMmapUnstable,
  swapoffCheckStable,
  dupMmapRecovery,
  dupMmapEraseTail,
  dupMmapNodeReserve,
  mnInvalidateRawLock,
  oomEnterDeferredUnregister,
  oomEnterSyncUnregister,
  mmuNotifierAsyncOomV2,
  mmuNotifierAsyncOomV2KillSite,
  mmuNotifierAsyncOomV2NoDelInit,
];

export function findPatch(name: string): Patch | null {
  return patches.find((patch) => patch.name === name) ?? null;
}

import { Struct } from '../struct.ts';

/** Bits of `mm->flags` (facts/mm-lifecycle.md, section 1). */
export const MMF_OOM_SKIP = 21;
export const MMF_UNSTABLE = 22;
export const MMF_OOM_REAP_QUEUED = 25;

export class MmStruct extends Struct {}

import { kernel } from '../kernel.ts';
import type { Tree } from '../tree.ts';

/** A change in what the kernel prints, and since which version. */
export interface Wording {
  readonly since: readonly [major: number, minor: number];
  readonly before: string;
  readonly after: string;
}

/** What reports looked like in which era. The rest of their text is that of v6.12. */
export const WORDING = {
  mmapLockName: { since: [5, 8], before: 'the lock is called &mm->mmap_sem', after: '&mm->mmap_lock' },
  rssTypeNames: { since: [5, 4], before: 'Bad rss-counter: idx:0', after: 'type:MM_FILEPAGES' },
  pgtablesBytes: { since: [4, 15], before: 'non-zero nr_ptes', after: 'non-zero pgtables_bytes' },
  readFolio: { since: [5, 19], before: 'Bad page map: readpage:', after: 'read_folio:' },
  nonNullPointers: { since: [4, 15], before: 'Bad page map: (null)', after: 'sixteen zeros' },
  oomKilledProcess: {
    since: [5, 0],
    before: 'Kill process ... score ... or sacrifice child, then Killed process',
    after: 'Killed process, with UID, pgtables and oom_score_adj',
  },
  markVictimFields: { since: [6, 1], before: 'oom:mark_victim has the pid only', after: 'and all sizes' },
  nonBlockInSplat: {
    since: [5, 4],
    before: 'no non_block in sleeping-function splats',
    after: 'non_block: 1',
  },
  countsInSplat: {
    since: [5, 16],
    before: 'no preempt_count, no RCU nest depth in sleeping-function splats',
    after: 'both, and what was expected',
  },
  slabInKasanKind: { since: [6, 4], before: 'KASAN: use-after-free', after: 'KASAN: slab-use-after-free' },
  dumpPagePointer: { since: [6, 8], before: 'page:<pointer> refcount:', after: 'page: refcount:' },
  oopsPrefix: { since: [6, 10], before: 'Oops: 0000; invalid opcode: 0000', after: 'Oops: Oops: 0000' },
  mmuInvalidateNames: {
    since: [6, 0],
    before: 'kvm->mmu_notifier_count, mmu_notifier_seq, mmu_notifier_range_start and _end',
    after: 'mmu_invalidate_in_progress, mmu_invalidate_seq, mmu_invalidate_range_start and _end',
  },
  uidInDumps: { since: [6, 12], before: 'CPU line without UID', after: 'UID: 0' },
  verboseTaint: { since: [6, 12], before: 'no second line of taint', after: 'Tainted: [W]=WARN' },
  oopsWithoutSmp: { since: [7, 3], before: 'SMP in the line of an oops', after: 'no SMP' },
  warnNamesTask: { since: [7, 3], before: 'WARNING: CPU: 0 PID: 1 at', after: 'WARNING: ... CPU#0: comm/1' },
  rssNamesTask: { since: [7, 3], before: 'Bad rss-counter', after: 'with Comm and Pid' },
  badPageMapLevels: { since: [7, 3], before: 'Bad page map: pte: pmd:', after: 'all levels of the table' },
  hungTaskOwner: { since: [7, 3], before: 'hung task', after: 'and the task that owns the lock' },
} as const satisfies Readonly<Record<string, Wording>>;

export type WordingName = keyof typeof WORDING;

/** Does the running kernel print it the new way? */
export const printsNew = (name: WordingName): boolean => isNew(name, kernel().tree);

/** Does a tree? */
export function isNew(name: WordingName, tree: Tree): boolean {
  const [major, minor] = versionOf(tree);
  const [sinceMajor, sinceMinor] = WORDING[name].since;
  return major !== sinceMajor ? major > sinceMajor : minor >= sinceMinor;
}

const versions = new WeakMap<Tree, readonly [number, number]>();

/** A release begins with the version: `6.12.117`, `5.15.0-rc1`. */
function versionOf(tree: Tree): readonly [number, number] {
  let version = versions.get(tree);
  if (version === undefined) {
    const [major = 0, minor = 0] = tree.release.split('.').map((part) => Number.parseInt(part, 10));
    versions.set(tree, (version = [major, minor]));
  }
  return version;
}

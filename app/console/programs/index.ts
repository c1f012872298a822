import { cat, ls, mkdir, poke, rm, rmdir, tee, touch } from './files.ts';
import { close_fds, memslot_changer } from './kvm-actions.ts';
import { fork_lab } from './fork-lab.ts';
import { kvm_lab } from './kvm-lab.ts';
import { kvm_run } from './kvm-run.ts';
import { memhog } from './memhog.ts';
import { hold, mm_lab } from './mm-lab.ts';
import { madvise_loop, munmap_loop } from './memory-loops.ts';
import { mn_lab } from './mn-lab.ts';
import { process_mrelease } from './process-mrelease.ts';
import type { Program } from './program.ts';
import { builtinPrograms, shellProgram } from './sh.ts';
import { simple_kvm } from './simple-kvm.ts';
import { slay } from './slay.ts';
import { swapoff, swapon } from './swap.ts';
import { dmesg, env, hostname, id, nproc, ps, sleep, uname, whoami } from './system.ts';
import { grep, head, seq, sort, tail, wc } from './text.ts';

/** All programs of the guest: first those that work on memory and virtual machines, then the usual ones. */
export const programs: readonly Program[] = [
  ...[
    simple_kvm,
    kvm_run,
    kvm_lab,
    memslot_changer,
    close_fds,
    memhog,
    madvise_loop,
    munmap_loop,
    mm_lab,
    hold,
    process_mrelease,
    mn_lab,
    fork_lab,
    swapon,
    swapoff,
    slay,
  ],
  ...[
    cat,
    dmesg,
    env,
    grep,
    head,
    hostname,
    id,
    ls,
    mkdir,
    nproc,
    poke,
    ps,
    rm,
    rmdir,
    seq,
    shellProgram(findProgram),
    sleep,
    sort,
    tail,
  ],
  ...[tee, touch, uname, wc, whoami],
  ...builtinPrograms(findProgram),
];

const byName = new Map(programs.map((program) => [program.name, program]));

/** Folders in which the guest's programs stand. */
const FOLDERS = new Set(['', '.', '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin', '/root']);

/** The program of a command word, `simple_kvm` or `./simple_kvm`; null if there is none. */
export function findProgram(word: string): Program | null {
  const at = word.lastIndexOf('/');
  if (at >= 0 && !FOLDERS.has(word.slice(0, at))) return null;
  const name = word.slice(at + 1);
  return byName.get(name === 'bash' ? 'sh' : name) ?? null;
}

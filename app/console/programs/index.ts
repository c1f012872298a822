import { cat, mkdir, poke, rmdir, tee, touch } from './files.ts';
import { cp, find, ln, mv, rm } from './file-tools.ts';
import { close_fds, memslot_changer } from './kvm-actions.ts';
import { columns } from './columns.ts';
import { date } from './date.ts';
import { dmesg } from './dmesg.ts';
import { killall, pgrep, pidof, pkill } from './find-process.ts';
import { fork_lab } from './fork-lab.ts';
import { grep } from './grep.ts';
import { helpers } from './help.ts';
import { kvm_lab } from './kvm-lab.ts';
import { kvm_run } from './kvm-run.ts';
import { launchers } from './launch.ts';
import { memhog } from './memhog.ts';
import { miscellany } from './misc.ts';
import { hold, mm_lab } from './mm-lab.ts';
import { ls, readlinkProgram, statProgram } from './ls.ts';
import { madvise_loop, munmap_loop } from './memory-loops.ts';
import { mn_lab } from './mn-lab.ts';
import { process_mrelease } from './process-mrelease.ts';
import type { Program } from './program.ts';
import { ps, top } from './ps.ts';
import { sed } from './sed.ts';
import { builtinPrograms, shellProgram } from './sh.ts';
import { stty } from './stty.ts';
import { su } from './su.ts';
import { simple_kvm } from './simple-kvm.ts';
import { slay } from './slay.ts';
import { swapoff, swapon } from './swap.ts';
import {
  free,
  hostname,
  id,
  lscpu,
  nproc,
  printenv,
  sleep,
  sysctl,
  uname,
  uptime,
  whoami,
  zcat,
} from './system.ts';
import { head, seq, sort, tail, wc } from './text.ts';
import { trace_cmd } from './trace-cmd/index.ts';

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
    cp,
    date,
    dmesg,
    find,
    free,
    grep,
    head,
    hostname,
    id,
    ln,
    ls,
    lscpu,
    mkdir,
    mv,
    nproc,
    poke,
    printenv,
    ps,
  ],
  ...[
    killall,
    pgrep,
    pidof,
    pkill,
    readlinkProgram,
    rm,
    rmdir,
    sed,
    seq,
    shellProgram({ findProgram, programNames }),
    sleep,
    sort,
    statProgram,
    sysctl,
    tail,
    tee,
    top,
    touch,
  ],
  ...[trace_cmd(findProgram), uname, uptime, wc, whoami, zcat],
  ...columns,
  ...miscellany,
  ...launchers(findProgram),
  stty,
  su({ findProgram, programNames }),
  ...builtinPrograms(findProgram),
  ...helpers(() => programs),
];

const byName = new Map(programs.map((program) => [program.name, program]));

/** For completion. */
export function programNames(): readonly string[] {
  return programs.map(({ name }) => name);
}

/** Folders in which the guest's programs stand. */
const FOLDERS = new Set(['', '.', '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin', '/root']);

/** The program of a command word, `simple_kvm` or `./simple_kvm`; null if there is none. */
export function findProgram(word: string): Program | null {
  const at = word.lastIndexOf('/');
  if (at >= 0 && !FOLDERS.has(word.slice(0, at))) return null;
  const name = word.slice(at + 1);
  return byName.get(ALIASES[name] ?? name) ?? null;
}

const ALIASES: Readonly<Record<string, string>> = { bash: 'sh', egrep: 'grep', fgrep: 'grep' };

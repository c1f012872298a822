import { hashText } from '../../../../base/hash.ts';
import type { TaskStruct } from '../../../include/sched.ts';
import { kernel } from '../../../kernel.ts';
import { KERN } from '../../../log.ts';
import { printk } from '../../../printk.ts';
import { formatEntry, type StackEntry } from '../../../stack.ts';

/**
 * The registers of the model are made up: dumps have them because tools and eyes expect them. They follow
 * from names, so that they are the same in every run.
 */

/** Numbers of the system calls that a dump may be printed in, by the functions that serve them. */
const SYSTEM_CALLS = new Map<string, number>([
  ['ksys_read', 0],
  ['ksys_write', 1],
  ['__x64_sys_openat', 257],
  ['__x64_sys_close', 3],
  ['vm_mmap_pgoff', 9],
  ['__vm_munmap', 11],
  ['__x64_sys_ioctl', 16],
  ['__x64_sys_madvise', 28],
  ['__x64_sys_clone', 56],
  ['__do_sys_clone', 56],
  ['__x64_sys_exit_group', 231],
  ['__x64_sys_wait4', 61],
  ['__x64_sys_kill', 62],
  ['__x64_sys_clock_nanosleep', 230],
  ['__x64_sys_nanosleep', 35],
  ['__x64_sys_pidfd_send_signal', 424],
  ['__x64_sys_pidfd_open', 434],
  ['__x64_sys_process_mrelease', 448],
]);

/** The registers with which a user task entered the kernel. */
export function show_user_regs(tsk: TaskStruct, trace: readonly StackEntry[], running: boolean): void {
  const draw = drawer(`${tsk.comm}/${tsk.pid}`);
  const fault = trace.some((entry) => entry.symbol === 'asm_exc_page_fault');
  const number = tsk.orig_ax >= 0 ? tsk.orig_ax : systemCall(trace);
  const rip = 0x401000 + (hashText(`rip ${tsk.comm} ${fault ? 'fault' : number}`) & 0x7ffff);
  const stack = `00007ff${hex(0xc00000000 + (draw() & 0x7ffffff) * 16, 9)}`;
  printk(KERN.WARNING, `RIP: 0033:0x${rip.toString(16)}`);
  if (running) printk(KERN.WARNING, userCode(tsk, rip, fault));
  const flags = fault ? '00000287' : '00000202';
  const entry = fault ? '' : ` ORIG_RAX: ${hex(number)}`;
  printk(KERN.WARNING, `RSP: 002b:${stack} EFLAGS: ${flags}${entry}`);
  const values = {
    RAX: fault ? hex(draw()) : 'ffffffffffffffda',
    RCX: fault ? hex(draw()) : hex(rip),
    R11: hex(0x202),
  };
  printRows(USER_ROWS, (name) => values[name as keyof typeof values] ?? hex(draw()));
}

/** The state of a task in a kernel function. */
export interface Registers {
  readonly rip: StackEntry;
  readonly code: string;
  /** Registers that are known: CR2. */
  readonly extra: Readonly<Record<string, string>>;
  readonly tsk: TaskStruct | null;
}

/** The registers of a kernel function, as an oops and a WARN have them. */
export function show_regs({ rip, code, extra, tsk: me }: Registers): void {
  const draw = drawer(`${rip.symbol} ${me?.comm ?? ''}`);
  printk(KERN.WARNING, `RIP: 0010:${formatEntry(rip)}`);
  printk(KERN.WARNING, code);
  const area = 0x50000 + (draw() & 0xfff) * 0x5000;
  printk(KERN.WARNING, `RSP: 0018:ffa00000${hex(area + 0x3ab0, 8)} EFLAGS: 00010246`);
  printRows(USER_ROWS, () => hex(draw()));
  printk(
    KERN.WARNING,
    `FS:  0000000000000000(0000) GS:ff1100006b${((me?.thread.cpu ?? 0) % kernel().cpus) + 2}00000(0000) knlGS:0000000000000000`,
  );
  printk(KERN.WARNING, 'CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033');
  const cr2 = extra['CR2'] ?? hex(0x400000 + draw());
  printk(KERN.WARNING, `CR2: ${cr2} CR3: ${hex((draw() & 0xffff) * 4096)} CR4: 0000000000751eb0`);
  printk(KERN.WARNING, 'PKRU: 55555554');
}

/** 64 made-up bytes of code; the one at the instruction pointer is `trap`, in angle brackets. */
export function codeBytes(of: string, trap: string): string {
  const bytes: string[] = [];
  for (let i = 0; i < 64; i++) bytes.push(hex(hashText(`${of} ${i}`) & 0xff, 2));
  const [first, ...rest] = trap.split(' ');
  bytes[42] = `<${first ?? ''}>`;
  rest.forEach((byte, i) => (bytes[43 + i] = byte));
  return `Code: ${bytes.join(' ')}`;
}

export function hex(value: number | bigint, digits = 16): string {
  return value.toString(16).padStart(digits, '0');
}

function userCode(tsk: TaskStruct, rip: number, fault: boolean): string {
  // Its memory went first: the code cannot be read any more.
  if (tsk.mm.value === null) return `Code: Unable to access opcode bytes at 0x${(rip - 42).toString(16)}.`;
  return codeBytes(`${tsk.comm} ${rip}`, fault ? 'c6 04 03 01' : '48 3d 00 f0 ff ff');
}

function systemCall(trace: readonly StackEntry[]): number {
  for (let i = trace.length - 1; i >= 0; i--) {
    const number = SYSTEM_CALLS.get(trace[i].symbol);
    if (number !== undefined) return number;
  }
  return 0;
}

const USER_ROWS = [
  ['RAX', 'RBX', 'RCX'],
  ['RDX', 'RSI', 'RDI'],
  ['RBP', 'R08', 'R09'],
  ['R10', 'R11', 'R12'],
  ['R13', 'R14', 'R15'],
];

function printRows(rows: readonly (readonly string[])[], value: (name: string) => string): void {
  for (const row of rows) printk(KERN.WARNING, row.map((name) => `${name}: ${value(name)}`).join(' '));
}

/** Numbers below 2^32 that follow from `seed`. */
function drawer(seed: string): () => number {
  let count = 0;
  return () => hashText(`${count++} ${seed}`);
}

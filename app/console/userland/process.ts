import type { Body, Call } from '../../sim/call.ts';
import { syscall } from '../../kernel/arch/x86/entry/common.ts';
import { current } from '../../kernel/include/sched.ts';
import { __do_sys_clone, __x64_sys_execve, clone_thread } from '../../kernel/kernel/clone_syscalls.ts';
import type { Invocation, Program } from '../programs/program.ts';

/** Code of a process or thread: user code, whose result is the exit status. */
export type UserBody = () => Body<number>;

/** fork(): a child that runs `body` with a copy of the caller's memory. Gives its pid or an error. */
export const fork = (comm: string, body: UserBody): Call<number> =>
  syscall('clone', () => __do_sys_clone(comm, body, 'copy'));

/** clone(CLONE_VM): a child that runs `body` in the caller's memory. Gives its pid or an error. */
export const shareMemory = (comm: string, body: UserBody): Call<number> =>
  syscall('clone', () => __do_sys_clone(comm, body, 'share'));

/** vfork() and execve() in one: a child that starts as another program. Gives its pid or an error. */
export const spawnProgram = (comm: string, body: UserBody): Call<number> =>
  syscall('vfork', () => __do_sys_clone(comm, body, 'fresh'));

/** A thread of the running process. Gives its id or an error. */
export const startThread = (body: UserBody): Call<number> => syscall('clone', () => clone_thread(body));

/** The process goes on as another program; the result is that program's exit status, or an error below 0. */
export function* execve(program: Program, invocation: Invocation): Body<number> {
  const error = yield* syscall('execve', () => __x64_sys_execve(program.name));
  return error < 0 ? error : yield* program.main(invocation);
}

/** rt_sigaction(), as far as the model needs it: only the process itself ever looks at its own handlers. */
export function handleSignal(signal: number, how: 'default' | 'ignore' | 'handle'): void {
  const { handled, ignored } = current().signal;
  handled.delete(signal);
  ignored.delete(signal);
  if (how === 'handle') handled.add(signal);
  if (how === 'ignore') ignored.add(signal);
}

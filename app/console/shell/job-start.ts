import type { Body } from '../../sim/call.ts';
import { current } from '../../kernel/include/sched.ts';
import { SIGINT, SIGQUIT, SIGTTOU } from '../../kernel/include/signal.ts';
import { getpid, setpgid } from '../userland/libc.ts';
import { handleSignal } from '../userland/process.ts';
import { tcsetpgrp } from '../userland/termios.ts';
import type { Shell } from './shell.ts';
import { giveTerminal, waitForJob } from './waiting.ts';

/** How a child stands to the terminal. */
export type Place = 'foreground' | 'background';

/** The child's side of job control: its process group, and its signals as a program expects them. */
export function* enterJob({ state, terminal }: Shell, group: number, place: Place): Body<void> {
  for (const [signal, command] of state.traps) {
    if (command === '' && signal !== 0) handleSignal(signal, 'ignore');
  }
  if (!state.options.monitor) {
    if (place === 'background' && state.source !== null) {
      for (const signal of [SIGINT, SIGQUIT]) handleSignal(signal, 'ignore');
    }
    return;
  }
  handleSignal(SIGTTOU, 'ignore');
  yield* setpgid(0, group);
  if (place === 'foreground' && terminal !== null) {
    yield* tcsetpgrp(terminal.fd, group === 0 ? getpid() : group);
  }
  handleSignal(SIGTTOU, 'default');
}

/** The parent's side: whoever of the two is first. */
export function* placeJob(shell: Shell, pid: number, group: number, place: Place): Body<void> {
  if (!shell.state.options.monitor) return;
  yield* setpgid(pid, group);
  if (place === 'foreground' && pid === group) yield* giveTerminal(shell, group);
}

/** With job control: children that have just been started are the job in the foreground. */
export function* foreground(shell: Shell, pids: readonly number[], text: string): Body<number> {
  const { state } = shell;
  const [leader = 0] = pids;
  const job = state.jobs.add(pids, text, current().pwd, leader);
  const status = yield* waitForJob(shell, job);
  if (!state.options.pipefail || job.state !== 'done') return status;
  return [...state.pipeStatus].reverse().find((one) => one !== 0) ?? 0;
}

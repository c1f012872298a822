import { strerror } from '../../kernel/include/errno.ts';
import { SIGKILL } from '../../kernel/include/signal.ts';
import { rest, startGate } from '../userland/gate.ts';
import { pidfd_open, pidfd_send_signal, print, STDERR } from '../userland/libc.ts';
import { withOptions } from './program.ts';

/** For searches: kill waits at no gate, and does more than this. */
export const slay = withOptions(
  {
    name: 'slay',
    summary: 'Kills processes with SIGKILL, all at once with what else begins at the start gate.',
    operands: 'PID...',
    options: [],
    startsAtGate: true,
  },
  function* ({ operands }) {
    const victims: { word: string; pidfd: number }[] = [];
    for (const word of operands) victims.push({ word, pidfd: yield* pidfd_open(Number(word)) });
    yield* startGate();
    for (const { word, pidfd } of victims) {
      const error = pidfd < 0 ? pidfd : yield* pidfd_send_signal(pidfd, SIGKILL);
      if (error !== 0) yield* print(STDERR, `slay: (${word}) - ${strerror(error)}\n`);
    }
    yield* rest();
    return 0;
  },
);

import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { SIGKILL } from '../../kernel/include/signal.ts';
import { kill, pidfd_open, print, process_mrelease as mrelease, STDERR, STDOUT } from '../userland/libc.ts';
import { rest, startGate } from '../userland/gate.ts';
import { withOptions } from './program.ts';

export const process_mrelease = withOptions(
  {
    name: 'process_mrelease',
    summary: 'Frees the memory of a dying process with process_mrelease(2), as lmkd does.',
    operands: 'PID',
    options: [{ flag: '-k', description: 'send it SIGKILL first' }],
    startsAtGate: true,
  },
  function* (options) {
    const pid = Number(options.operands[0] ?? Number.NaN);
    if (!Number.isInteger(pid) || options.operands.length !== 1) {
      yield* print(STDERR, 'process_mrelease: exactly one PID is needed\n');
      return 2;
    }
    const pidfd = yield* pidfd_open(pid);
    if (pidfd < 0) return yield* report('pidfd_open', pidfd);
    yield* startGate();
    if (options.has('-k')) {
      const killed = yield* kill(pid, SIGKILL);
      if (killed < 0) return yield* report('kill', killed);
    }
    const error = yield* mrelease(pidfd);
    yield* rest();
    if (error < 0) return yield* report('process_mrelease', error);
    yield* print(STDOUT, `process_mrelease: pid ${pid} released\n`);
    return 0;
  },
);

function* report(what: string, error: number): Body<number> {
  yield* print(STDERR, `process_mrelease: ${what}: ${strerror(error)}\n`);
  return 1;
}

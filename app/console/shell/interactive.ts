import type { Body } from '../../sim/call.ts';
import { current } from '../../kernel/include/sched.ts';
import { getpid, print, read, STDERR, STDIN } from '../userland/libc.ts';
import { handleSignal } from '../userland/process.ts';
import { SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU } from '../../kernel/include/signal.ts';
import { formatIssue } from './issues.ts';
import type { Shell } from './shell.ts';

/** The loop of an interactive shell: prompt, line, command. The result is the status that it leaves with. */
export function* interactive(shell: Shell): Body<number> {
  const { state } = shell;
  state.pid = getpid();
  handleSignal(SIGINT, 'handle');
  for (const signal of [SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU]) handleSignal(signal, 'ignore');
  for (;;) {
    yield* print(STDERR, 'root@virtme-ng:~# ');
    const line = yield* read(STDIN);
    if (typeof line === 'number') {
      current().delivered.length = 0;
      yield* print(STDERR, '\n');
      continue;
    }
    if (line === '') break;
    const parsed = shell.host.parse(line);
    if (!parsed.ok) {
      for (const issue of parsed.issues) yield* shell.complain(formatIssue(issue));
      continue;
    }
    yield* shell.statements(parsed.script.statements);
    if (state.unwinding?.kind === 'exit') break;
    state.unwinding = null;
  }
  return shell.leave();
}

import type { Body } from '../../sim/call.ts';
import { ECHO } from '../../kernel/include/termios.ts';
import { importEnvironment, runText } from '../shell/command-search.ts';
import { interactive } from '../shell/interactive.ts';
import { Shell, type ShellHost } from '../shell/shell.ts';
import { ShellState } from '../shell/state.ts';
import { chdir, getuid, print, read, setuid, STDERR, STDIN } from '../userland/libc.ts';
import { tcgetattr, tcsetattr } from '../userland/termios.ts';
import { environmentOf, homeOf, users } from '../userland/users.ts';
import type { Program } from './program.ts';

/** su(1): a shell, or a command, as another user. Only root can: no user of the guest has a password to know. */
export const su = (host: Omit<ShellHost, 'parse'>): Program => ({
  name: 'su',
  summary: 'Runs a shell or a command as another user.',
  operands: '[-] [-c COMMAND] [USER]',
  options: [
    { flag: '-c', value: 'COMMAND', description: 'a command in place of a shell to type to' },
    { flag: '-l', description: "starts in the user's home" },
  ],
  *main({ args, environment, parse }) {
    let user = 'root';
    let command: string | null = null;
    let login = false;
    for (let at = 0; at < args.length; at++) {
      const word = args[at];
      if (word === '-' || word === '-l' || word === '--login') login = true;
      else if (word === '-c') command = args[++at] ?? null;
      else if (!word.startsWith('-')) user = word;
      else if (word !== '--') {
        yield* print(
          STDERR,
          `su: invalid option -- '${word.replace(/^-+/, '')}'\nTry 'su --help' for more information.\n`,
        );
        return 1;
      }
    }
    const uid = users().get(user);
    if (uid === undefined) {
      const why = 'does not exist or the user entry does not contain all the required fields';
      yield* print(STDERR, `su: user ${user} ${why}\n`);
      return 1;
    }
    if (getuid() !== 0 && getuid() !== uid) {
      yield* askForPassword();
      yield* print(STDERR, 'su: Authentication failure\n');
      return 1;
    }
    yield* setuid(uid);
    if (login) yield* chdir(homeOf(user));
    const state = new ShellState();
    importEnvironment(state, environmentOf(user, environment));
    const shell = new Shell({ ...host, parse }, state);
    if (command === null) return yield* interactive(shell);
    state.source = 'bash';
    return yield* runText(shell, command, 'bash: -c');
  },
});

function* askForPassword(): Body<void> {
  yield* print(STDERR, 'Password: ');
  const settings = yield* tcgetattr(STDIN);
  if (typeof settings !== 'number')
    yield* tcsetattr(STDIN, { ...settings, c_lflag: settings.c_lflag & ~ECHO });
  yield* read(STDIN);
  if (typeof settings !== 'number') yield* tcsetattr(STDIN, settings);
  yield* print(STDERR, '\n');
}

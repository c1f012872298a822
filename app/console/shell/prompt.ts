import { current } from '../../kernel/include/sched.ts';
import { kernel } from '../../kernel/kernel.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import { abbreviate } from './jobs.ts';
import type { ShellState } from './state.ts';

/** The name that the guest has in its prompt, unless it was given another. */
const HOST_NAME = 'virtme-ng';

/** Makes a prompt of PS1: `\u@\h:\w\$ `. `number` is that of the command, for `\#` and `\!`. */
export function expandPrompt(state: ShellState, text: string, number = 1): string {
  return text.replace(/\\(?:([0-7]{1,3})|([^]))/g, (_all, octal: string | undefined, letter: string) =>
    octal === undefined ? escape(state, letter, number) : String.fromCharCode(parseInt(octal, 8)),
  );
}

function escape(state: ShellState, letter: string, number: number): string {
  const home = state.variables.get('HOME') ?? '';
  const cwd = abbreviate(current().pwd, home);
  const since = Math.floor(machineInForce().now / 1_000_000_000);
  const clock = [Math.floor(since / 3600) % 24, Math.floor(since / 60) % 60, since % 60];
  const [hours, minutes, seconds] = clock.map((part) => String(part).padStart(2, '0'));
  switch (letter) {
    case 'u':
      return state.variables.get('USER') ?? 'root';
    case 'h':
    case 'H':
      return kernel().append.get('virtme_hostname') ?? HOST_NAME;
    case 'w':
      return cwd;
    case 'W':
      return cwd === '~' || cwd === '/' ? cwd : cwd.slice(cwd.lastIndexOf('/') + 1);
    case '$':
      return current().uid === 0 ? '#' : '$';
    case 's':
      return 'bash';
    case 'v':
      return '5.2';
    case 'V':
      return '5.2.37';
    case 'j':
      return String(state.jobs.list.length);
    case 'l':
      return 'hvc0';
    case '#':
    case '!':
      return String(number);
    case 't':
      return `${hours}:${minutes}:${seconds}`;
    case 'A':
      return `${hours}:${minutes}`;
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'a':
      return '\x07';
    case 'e':
      return '\x1b';
    case '\\':
      return '\\';
    case '[':
      return PROMPT_IGNORE[0];
    case ']':
      return PROMPT_IGNORE[1];
    default:
      return `\\${letter}`;
  }
}

/** What stands between these in a prompt takes no columns: colours. As readline has it. */
export const PROMPT_IGNORE = ['\x01', '\x02'] as const;

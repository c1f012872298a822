import type { Body } from '../../../sim/call.ts';
import { strerror } from '../../../kernel/include/errno.ts';
import { print, STDERR, STDOUT } from '../../userland/libc.ts';
import type { Shell } from '../shell.ts';

/** A command that the shell runs itself. The result is its status. */
export interface Builtin {
  run(shell: Shell, args: readonly string[]): Body<number>;
}

/** Prints a builtin's output; what the write fails with is its status. */
export function* output(shell: Shell, name: string, text: string): Body<number> {
  const error = yield* print(STDOUT, text);
  if (error === 0) return 0;
  yield* shell.complain(`${name}: write error: ${strerror(error)}`);
  return 1;
}

/** Says how a builtin is to be called; status 2. */
export function* usage(name: string, synopsis: string): Body<2> {
  yield* print(STDERR, `${name}: usage: ${name} ${synopsis}\n`);
  return 2;
}

export function* invalidOption(shell: Shell, name: string, option: string, synopsis: string): Body<2> {
  yield* shell.complain(`${name}: ${option}: invalid option`);
  return yield* usage(name, synopsis);
}

/** A complaint with a status. */
export function* failure(shell: Shell, message: string, status = 1): Body<number> {
  yield* shell.complain(message);
  return status;
}

/** Options of one letter, as getopt() finds them; `values` names those that take a word. */
export interface Letters {
  readonly flags: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
  /** An option that there is none of, as it is to be shown. */
  readonly bad: string | null;
}

export function letters(args: readonly string[], known: string, values = ''): Letters {
  const flags = new Map<string, string>();
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at];
    if (word === '--') {
      at++;
      break;
    }
    if (!/^-./.test(word)) break;
    for (let i = 1; i < word.length; i++) {
      const letter = word[i];
      if (values.includes(letter)) {
        const attached = word.slice(i + 1);
        if (attached === '' && at + 1 >= args.length) return { flags, operands: [], bad: `-${letter}` };
        flags.set(letter, attached === '' ? args[++at] : attached);
        break;
      }
      if (!known.includes(letter)) return { flags, operands: [], bad: `-${letter}` };
      flags.set(letter, '');
    }
  }
  return { flags, operands: args.slice(at), bad: null };
}

export const isName = (word: string): boolean => /^[A-Za-z_]\w*$/.test(word);

/** A number argument of `break`, `exit` and the like; null if it is none, which is reported. */
export function* numberArgument(
  shell: Shell,
  name: string,
  word: string | undefined,
  fallback: number,
): Body<number | null> {
  if (word === undefined) return fallback;
  if (/^[+-]?\d+$/.test(word)) return Number(word);
  yield* shell.complain(`${name}: ${word}: numeric argument required`);
  return null;
}

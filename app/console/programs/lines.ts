import type { Body } from '../../sim/call.ts';
import { eachFile } from './files.ts';

/**
 * Goes through the lines of files (or standard input) as they come, without their newlines. `use` returns false to
 * have no more. The result is the exit status.
 */
export function* eachLine(
  name: string,
  paths: readonly string[],
  use: (line: string, path: string) => Body<boolean>,
): Body<number> {
  let status = 0;
  for (const path of paths.length === 0 ? ['-'] : paths) {
    let rest = '';
    let more = true;
    const error = yield* eachFile(name, [path], function* (piece) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        more = yield* use(line, path);
        if (!more) return false;
      }
      return true;
    });
    if (error !== 0) status = error;
    if (more && rest !== '') more = yield* use(rest, path);
    if (!more) return status;
  }
  return status;
}

/** A basic regular expression, as `grep` and `sed` take it, or an extended one, as the engine's own. */
export function regularExpression(source: string, extended: boolean, flags = ''): RegExp | null {
  const classes = withClasses(source);
  try {
    return new RegExp(extended ? classes : fromBasic(classes), `${flags}u`);
  } catch {
    try {
      // A lone brace or an escape that means nothing stands for itself.
      return new RegExp(extended ? classes : fromBasic(classes), flags);
    } catch {
      return null;
    }
  }
}

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  xdigit: '0-9A-Fa-f',
  punct: '!-\\/:-@\\[-`{-~',
};

const withClasses = (source: string): string =>
  source.replace(/\[:(\w+):\]/g, (all, name: string) => CLASSES[name] ?? all);

/** In a basic expression `\(`, `\{`, `\|`, `\+` and `\?` are special, without the backslash they are not. */
function fromBasic(source: string): string {
  let made = '';
  let inSet = false;
  for (let i = 0; i < source.length; i++) {
    const letter = source[i];
    if (inSet) {
      if (letter === ']' && !/\[\^?$/.test(made)) inSet = false;
      made += letter;
    } else if (letter === '[') {
      inSet = true;
      made += letter;
    } else if (letter === '\\' && i + 1 < source.length) {
      const next = source[++i];
      made += '(){}|+?'.includes(next) ? next : `\\${next}`;
    } else if ('(){}|+?'.includes(letter)) made += `\\${letter}`;
    else if (letter === '*' && (made === '' || made === '^')) made += '\\*';
    else made += letter;
  }
  return made;
}

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

import type { Body } from '../../sim/call.ts';
import { listDirectory } from '../userland/libc.ts';
import { isPattern, patternToRegExp, unescapePattern } from './pattern.ts';

/** The paths that match a pattern, in alphabetical order; none if nothing does. */
export function* glob(pattern: string): Body<string[]> {
  const absolute = pattern.startsWith('/');
  const names = pattern.split('/').filter((name) => name !== '');
  let found = [absolute ? '/' : ''];
  for (const [i, name] of names.entries()) {
    const next: string[] = [];
    for (const base of found) {
      if (!isPattern(name)) {
        next.push(join(base, unescapePattern(name)));
        continue;
      }
      const entries = yield* listDirectory(base === '' ? '.' : base);
      if (typeof entries === 'number') continue;
      const test = patternToRegExp(name);
      for (const entry of [...entries].sort()) {
        if (entry.startsWith('.') && !name.startsWith('.')) continue;
        if (test.test(entry)) next.push(join(base, entry));
      }
    }
    found = next;
    if (found.length === 0 || i === names.length - 1) break;
  }
  return found;
}

function join(base: string, name: string): string {
  if (base === '') return name;
  return base.endsWith('/') ? base + name : `${base}/${name}`;
}

/** Turns a shell pattern into an anchored regular expression. Characters in `quoted` stand for themselves. */
export function patternToRegExp(pattern: string, flags = ''): RegExp {
  return new RegExp(`^(?:${patternSource(pattern)})$`, `su${flags}`);
}

/** True if a word has characters that make it a pattern. */
export function isPattern(word: string): boolean {
  return /(^|[^\\])[*?[]/.test(word);
}

/** Protects every character of a quoted text from being read as part of a pattern. */
export function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** Takes that protection away again. */
export function unescapePattern(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}

export function patternSource(pattern: string, greedy = true): string {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === '*') source += greedy ? '.*' : '.*?';
    else if (character === '?') source += '.';
    else if (character === '[') {
      const end = endOfClass(pattern, i);
      if (end < 0) source += '\\[';
      else {
        source += classSource(pattern.slice(i + 1, end));
        i = end;
      }
    } else if (character === '\\' && i + 1 < pattern.length) {
      i++;
      source += literal(pattern[i]);
    } else source += literal(character);
  }
  return source;
}

function endOfClass(pattern: string, start: number): number {
  let from = start + 1;
  if (pattern[from] === '!' || pattern[from] === '^') from++;
  return pattern.indexOf(']', from + 1);
}

function classSource(inside: string): string {
  const negated = inside.startsWith('!') || inside.startsWith('^');
  const body = (negated ? inside.slice(1) : inside).replace(/[\\\][^&~|{}()]/g, '\\$&');
  return `[${negated ? '^' : ''}${body}]`;
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

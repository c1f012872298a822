/** A word as a shell would have to be given it: what `set -x` and `${x@Q}` show. */
export function quoteWord(word: string): string {
  if (word === '') return "''";
  if (/^[A-Za-z0-9_@%+=:,./~-]+$/.test(word)) return word;
  return quote(word);
}

/** The same, always in quotes. */
export function quote(word: string): string {
  // eslint-disable-next-line no-control-regex -- exactly those are shown by their escapes
  if (/[\x00-\x1f\x7f]/.test(word)) {
    const escaped = word
      .replace(/[\\']/g, (c) => `\\${c}`)
      .replace(/\n/g, '\\n')
      .replace(/\t/g, '\\t');
    // eslint-disable-next-line no-control-regex
    return `$'${escaped.replace(/[\x00-\x1f\x7f]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`)}'`;
  }
  return `'${word.replace(/'/g, `'\\''`)}'`;
}

/** The same with backslashes: `printf %q`. */
export function quoteWithBackslashes(word: string): string {
  if (word === '') return "''";
  // eslint-disable-next-line no-control-regex -- those have no other form than $'…'
  if (/[\x00-\x1f\x7f]/.test(word)) return quote(word);
  return word.replace(/[^A-Za-z0-9_@%+=:,./~-]/g, (c) => `\\${c}`);
}

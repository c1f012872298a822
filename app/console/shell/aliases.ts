/** Words after which a command begins. */
const BEFORE_COMMANDS = new Set(['then', 'do', 'else', 'elif', 'if', 'while', 'until', '!', '{', 'time']);

/** The most replacements in one text: aliases that name each other must come to an end. */
const MOST_REPLACEMENTS = 100;

/** Replaces words that stand where a command is expected by what they are aliases for, as bash does while it reads. */
export function expandAliases(source: string, aliases: ReadonlyMap<string, string>): string {
  if (aliases.size === 0) return source;
  let text = source;
  let at = 0;
  let command = true;
  /** Aliases that may not be replaced again before a place in the text. */
  const used = new Map<string, number>();
  for (let count = 0; at < text.length && count < MOST_REPLACEMENTS;) {
    const blank = /^[ \t]+/.exec(text.slice(at));
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const operator = /^(?:&&|\|\|?|;;|[;&\n(){}!])/.exec(text.slice(at));
    if (operator !== null) {
      at += operator[0].length;
      command = operator[0] !== ')';
      continue;
    }
    const word = wordAt(text, at);
    const end = at + word.length;
    const value = command ? aliases.get(word) : undefined;
    if (value === undefined || (used.get(word) ?? -1) >= at) {
      command = BEFORE_COMMANDS.has(word) || (command && /^[A-Za-z_]\w*=/.test(word));
      at = end;
      continue;
    }
    count++;
    text = text.slice(0, at) + value + text.slice(end);
    for (const [name, until] of used) if (until >= at) used.set(name, until + value.length - word.length);
    used.set(word, at + value.length);
    // An alias that ends in a blank has the next word looked at as well.
    if (/\s$/.test(value) && !/\s/.test(value.trim())) {
      at += value.length;
      command = true;
    }
  }
  return text;
}

/** A word with its quotes, from a place on; at least one character. */
function wordAt(text: string, from: number): string {
  const match = /^(?:\\[^]|'[^']*'?|"(?:\\[^]|[^"\\])*"?|\$\([^)]*\)?|`[^`]*`?|[^\s;&|()<>])+/.exec(
    text.slice(from),
  );
  return match?.[0] ?? text[from];
}

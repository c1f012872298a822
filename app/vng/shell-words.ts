import { VngFailure } from './failure.ts';

/** Splits a text into words as a shell does, for `--append`: blanks separate, quotes and backslashes protect. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && /["\\]/.test(text[at + 1] ?? ''))
        word = (word ?? '') + text[++at];
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\' && at + 1 < text.length) word = (word ?? '') + text[++at];
    else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') throw new VngFailure(`--append ${text}: the quotation ${quote} is not closed`);
  if (word !== null) words.push(word);
  return words;
}

/** A word as a shell takes it for one. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** Words as a command line; one word is taken for a line already. */
export function commandOf(words: readonly string[]): string {
  return words.length === 1 ? words[0] : words.map(quoteWord).join(' ');
}

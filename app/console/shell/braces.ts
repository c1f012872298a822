import type { BraceExpansionPart, WordPart } from './ast.ts';

/** `a{b,c}d` -> `abd`, `acd`; `{1..3}` -> `1`, `2`, `3`. */
export function expandBraces(parts: readonly WordPart[]): WordPart[][] {
  let words: WordPart[][] = [[]];
  for (const part of parts) {
    const alternatives = part.type === 'BraceExpansion' ? braceAlternatives(part) : [[part]];
    words = words.flatMap((word) => alternatives.map((alternative) => [...word, ...alternative]));
  }
  return words;
}

function braceAlternatives({ items }: BraceExpansionPart): WordPart[][] {
  return items.flatMap((item) => {
    if (item.type === 'Word') return expandBraces(item.word.parts);
    return range(item.start, item.end, item.step, item.startStr, item.endStr).map((value): WordPart[] => [
      { type: 'Literal', value },
    ]);
  });
}

function range(
  start: string | number,
  end: string | number,
  step = 1,
  startText = '',
  endText = '',
): string[] {
  const letters = typeof start === 'string';
  const from = typeof start === 'string' ? start.charCodeAt(0) : start;
  const to = typeof end === 'string' ? end.charCodeAt(0) : end;
  const by = Math.max(1, Math.abs(step));
  // {01..10}: all get as many digits as the longer end has.
  const width =
    /^-?0\d/.test(startText) || /^-?0\d/.test(endText) ? Math.max(startText.length, endText.length) : 0;
  const values: string[] = [];
  const count = Math.floor(Math.abs(to - from) / by);
  for (let i = 0; i <= count; i++) {
    const value = from + (to < from ? -i : i) * by;
    values.push(letters ? String.fromCharCode(value) : padded(value, width));
  }
  return values;
}

function padded(value: number, width: number): string {
  const digits = String(Math.abs(value)).padStart(value < 0 ? width - 1 : width, '0');
  return value < 0 ? `-${digits}` : digits;
}

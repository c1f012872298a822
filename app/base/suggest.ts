/**
 * The candidate that `name` most likely was meant to be: the fewest insertions, deletions, replacements and
 * swaps of neighbours away, upper and lower case and `-`/`_` aside. Null if none is near enough to be helpful.
 */
export function suggest(name: string, candidates: Iterable<string>): string | null {
  const wanted = fold(name);
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, fold(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "x"?`, or nothing where there is no good guess. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const guess = suggest(name, candidates);
  return guess === null ? '' : `; did you mean "${guess}"?`;
}

function fold(text: string): string {
  return text.slice(0, 64).toLowerCase().replaceAll('-', '_');
}

/** Optimal string alignment: Levenshtein's distance with swaps of neighbours as one edit. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(line[column - 1] + 1, last[column] + 1, last[column - 1] + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2] + 1);
      line.push(cost);
    }
    beforeLast = last;
    last = line;
  }
  return last[b.length];
}

import { isMap, isPair, isScalar, isSeq, parseDocument, type Node, type Pair } from 'yaml';

export type Path = readonly (string | number)[];

/** Where in a document something stands. */
export interface Place {
  /** Keys and indices down to the value, or to the map that the key belongs to. */
  readonly path: Path;
  /** A key is meant, of the map at `path`; or the value at `path`. */
  readonly part: 'key' | 'value';
  /** The word itself: what is there, or the part of it that has been typed. */
  readonly word: string;
  /** Keys that the map has already, apart from this one. */
  readonly siblings: readonly string[];
  /** The text is one of a block scalar: a script, a description. */
  readonly inBlock: boolean;
}

/** The key or value at an offset of a text; null where nothing stands. */
export function placeAt(text: string, offset: number): Place | null {
  const document = parseDocument(text, { keepSourceTokens: true });
  return search(document.contents, [], (node) => {
    const range = node.range;
    return range !== undefined && range !== null && offset >= range[0] && offset <= range[1];
  });
}

const MARK = 'zzScytheMarkzz';

/**
 * What could be typed at an offset. The text is parsed with a mark there, once as a key and once as a value: of the
 * two the one that makes more sense counts. Half-written YAML is what editors see most of the time.
 */
export function placeToComplete(text: string, offset: number): Place | null {
  const before = text.slice(0, offset);
  const after = text.slice(offset);
  const candidates = [`${before}${MARK}${after}`, `${before}${MARK}: ${after}`]
    .map((marked) => {
      const document = parseDocument(marked, { keepSourceTokens: true });
      const place = search(
        document.contents,
        [],
        (node) => isScalar(node) && String(node.value).includes(MARK),
      );
      return { place, errors: document.errors.length };
    })
    .filter(({ place }) => place !== null)
    .sort((a, b) => a.errors - b.errors);
  const place = candidates[0]?.place ?? null;
  if (place === null) return null;
  return { ...place, word: place.word.split(MARK)[0] ?? '' };
}

/** Looks for the innermost scalar that fits, and keeps track of where it stands. */
function search(node: Node | null, path: Path, fits: (node: Node) => boolean): Place | null {
  if (isMap(node)) {
    for (const item of node.items) {
      const found = searchPair(item as Pair<Node, Node | null>, node.items as Pair<Node>[], path, fits);
      if (found !== null) return found;
    }
    return null;
  }
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const child = isPair(item) ? null : (item as Node);
      const found = search(child, [...path, index], fits);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isScalar(node) || !fits(node)) return null;
  const inBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  return { path, part: 'value', word: textOf(node), siblings: [], inBlock };
}

function searchPair(
  { key, value }: Pair<Node, Node | null>,
  all: readonly Pair<Node>[],
  path: Path,
  fits: (node: Node) => boolean,
): Place | null {
  const name = textOf(key);
  if (isScalar(key) && fits(key)) {
    const siblings = all.map((other) => textOf(other.key)).filter((other) => other !== name);
    return { path, part: 'key', word: name, siblings, inBlock: false };
  }
  return search(value, [...path, name], fits);
}

function textOf(node: unknown): string {
  return isScalar(node) ? String(node.value) : '';
}

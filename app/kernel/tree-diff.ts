import type { AnySymbol } from '../sim/call.ts';
import type { Replacement } from './kfunc.ts';
import { isNew, WORDING, type WordingName } from './report/wording.ts';
import { newestBodies } from './newest-bodies.ts';
import type { Tree, TreeTraits } from './tree.ts';

/** Where a tree has a symbol from, and what it does, where its author says so. */
export interface Side {
  readonly tree: string | null;
  readonly how: string | null;
}

/** A symbol in which two trees differ. A side without a tree has the body that the modules register. */
export interface SymbolDifference {
  readonly symbol: string;
  readonly sides: readonly [Side, Side];
}

/** A trait in which two trees differ. */
export interface TraitDifference {
  readonly trait: keyof TreeTraits;
  readonly values: readonly [string, string];
}

/** A text that two trees print in another way. */
export interface WordingDifference {
  readonly wording: WordingName;
  readonly values: readonly [string, string];
}

interface Layer extends Side {
  readonly replacement: Replacement;
}

/** What differs between two trees, by name. */
export function compareTrees(
  a: Tree,
  b: Tree,
): {
  readonly symbols: readonly SymbolDifference[];
  readonly traits: readonly TraitDifference[];
  readonly wordings: readonly WordingDifference[];
} {
  const [left, right] = [layersOf(a), layersOf(b)];
  const symbols = [...new Set([...left.keys(), ...right.keys()])]
    .filter((symbol) => left.get(symbol)?.replacement !== right.get(symbol)?.replacement)
    .map((symbol): SymbolDifference => {
      return { symbol: symbol.name, sides: [sideOf(symbol, left), sideOf(symbol, right)] };
    })
    .sort((x, y) => (x.symbol < y.symbol ? -1 : x.symbol > y.symbol ? 1 : 0));
  const names = [...new Set([...Object.keys(a.traits), ...Object.keys(b.traits)])] as (keyof TreeTraits)[];
  const traits = names
    .map((trait): TraitDifference => {
      return { trait, values: [String(a.traits[trait] ?? false), String(b.traits[trait] ?? false)] };
    })
    .filter(({ values }) => values[0] !== values[1]);
  return { symbols, traits, wordings: wordingsOf(a, b) };
}

function wordingsOf(a: Tree, b: Tree): WordingDifference[] {
  return (Object.keys(WORDING) as WordingName[])
    .filter((name) => isNew(name, a) !== isNew(name, b))
    .map((name) => {
      const { before, after } = WORDING[name];
      return { wording: name, values: isNew(name, a) ? [after, before] : [before, after] };
    });
}

/** The topmost body of each symbol that a tree or one that it stands on replaces. */
function layersOf(tree: Tree): Map<AnySymbol, Layer> {
  const layers = tree.base === undefined ? new Map<AnySymbol, Layer>() : layersOf(tree.base);
  for (const replacement of tree.replacements) {
    layers.set(replacement.symbol, { tree: tree.name, how: replacement.how ?? null, replacement });
  }
  return layers;
}

function sideOf(symbol: AnySymbol, layers: ReadonlyMap<AnySymbol, Layer>): Side {
  const layer = layers.get(symbol);
  if (layer === undefined) return { tree: null, how: newestBodies[symbol.name] ?? null };
  return { tree: layer.tree, how: layer.how };
}

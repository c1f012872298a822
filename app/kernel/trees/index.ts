import type { Tree } from '../tree.ts';
import { v6_12 } from './v6.12.ts';
import { v6_18 } from './v6.18.ts';

/** All trees, oldest first. */
export const trees: readonly Tree[] = [v6_12, v6_18];

/** What is run where nobody says anything else. */
export const defaultTree = v6_18;

export function findTree(name: string): Tree | null {
  return trees.find((tree) => tree.name === name) ?? null;
}

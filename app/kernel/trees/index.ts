import type { Tree } from '../tree.ts';
import { v4_13 } from './v4.13.ts';
import { v4_14 } from './v4.14.ts';
import { v4_15 } from './v4.15.ts';
import { v4_17 } from './v4.17.ts';
import { v5_10 } from './v5.10.ts';
import { v5_11 } from './v5.11.ts';
import { v5_12 } from './v5.12.ts';
import { v5_15_rc1 } from './v5.15-rc1.ts';
import { v5_15 } from './v5.15.ts';
import { v5_16 } from './v5.16.ts';
import { v5_17_rc1 } from './v5.17-rc1.ts';
import { v5_17 } from './v5.17.ts';
import { v5_18 } from './v5.18.ts';
import { v6_1 } from './v6.1.ts';
import { v6_8 } from './v6.8.ts';
import { v6_12 } from './v6.12.ts';
import { v6_18 } from './v6.18.ts';
import { v7_3 } from './v7.3.ts';

/** All trees, oldest first. */
export const trees: readonly Tree[] = [
  v4_13,
  v4_14,
  v4_15,
  v4_17,
  v5_10,
  v5_11,
  v5_12,
  v5_15_rc1,
  v5_15,
  v5_16,
  v5_17_rc1,
  v5_17,
  v5_18,
  v6_1,
  v6_8,
  v6_12,
  v6_18,
  v7_3,
];

/** What is run where nobody says anything else. */
export const defaultTree = v6_18;

export function findTree(name: string): Tree | null {
  return trees.find((tree) => tree.name === name) ?? null;
}

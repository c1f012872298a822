import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../kernel/tree.ts';
import { defaultTree, trees } from '../kernel/trees/index.ts';
import { VngFailure } from './failure.ts';

/** Is the text a version of a kernel: `v6.12`, `6.12.117`, `v5.15-rc1`, `6.12.117-virtme`? */
export function isVersion(text: string): boolean {
  return /^v?\d+\.\d+(\.\d+)*(-rc\d+)?(-[\w.]+)?$/.test(text);
}

/** The era of a version; throws if the model does not have it. */
export function treeOfVersion(text: string): Tree {
  const tree = findEra(text);
  if (tree !== null) return tree;
  const known = trees.map(({ name }) => name).join(' ');
  const near = isVersion(text) ? `; the nearest is ${nearestEra(text).name}` : '';
  throw new VngFailure(`${text}: there is no modelled kernel of this version${near} (known: ${known})`);
}

/** `v6.12` and `6.12` name an era, `6.12.117` its release; `-virtme` is virtme-ng's own suffix. */
export function findEra(text: string): Tree | null {
  const plain = text.replace(/-virtme$/, '').replace(/^v/, '');
  return trees.find(({ name, release }) => name === `v${plain}` || release === plain) ?? null;
}

/** The newest era that is not younger than a version, else the oldest. */
export function nearestEra(text: string): Tree {
  const wanted = orderOf(text);
  return trees.findLast(({ name }) => compare(orderOf(name), wanted) <= 0) ?? trees[0];
}

/** The era of the kernel sources in a folder, by their Makefile; without one, the newest. */
export function treeOfFolder(folder: string): Tree {
  let makefile: string;
  try {
    makefile = readFileSync(join(folder, 'Makefile'), 'utf8').slice(0, 4096);
  } catch {
    return defaultTree;
  }
  const part = (name: string) => new RegExp(`^${name}\\s*=\\s*(\\d+)`, 'm').exec(makefile)?.[1];
  const [version, level] = [part('VERSION'), part('PATCHLEVEL')];
  return version === undefined || level === undefined ? defaultTree : nearestEra(`v${version}.${level}`);
}

/** Numbers that order versions; a release candidate comes before its release. */
function orderOf(text: string): number[] {
  const match = /^v?(\d+)\.(\d+)(?:\.\d+)*(?:-rc(\d+))?/.exec(text);
  return match === null ? [0] : [Number(match[1]), Number(match[2]), Number(match[3] ?? 1000)];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

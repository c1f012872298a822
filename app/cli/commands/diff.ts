import { didYouMean } from '../../base/suggest.ts';
import type { Tree } from '../../kernel/tree.ts';
import { compareTrees, type Side } from '../../kernel/tree-diff.ts';
import { catalogue } from '../../scenario/catalogue.ts';
import { InputError } from '../../scenario/issues.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { print } from '../files.ts';
import { Palette } from '../terminal.ts';

/** `scythe diff`: which functions of the modelled kernel differ between two trees, and how. */
export function diff(from: string, to: string, flags: { readonly json?: boolean }): ExitCode {
  const { symbols, traits, wordings } = compareTrees(treeNamed(from), treeNamed(to));
  if (flags.json === true) {
    print(`${JSON.stringify({ from, to, symbols, traits, wordings }, null, 2)}\n`);
    return EXIT.MET;
  }
  const rows = [
    ...symbols.map(({ symbol, sides }) => [symbol, tell(from, sides[0]), tell(to, sides[1])]),
    ...traits.map(({ trait, values }) => [trait, ...values]),
    ...wordings.map(({ wording, values }) => [wording, ...values]),
  ];
  if (rows.length === 0) print(`${from} and ${to} do not differ in anything that is modelled\n`);
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const palette = Palette.of(process.stdout);
  for (const [name, before, after] of rows) {
    print(`${palette.paint('bold', name.padEnd(width))}  ${from}: ${before} | ${to}: ${after}\n`);
  }
  return EXIT.MET;
}

function tell(tree: string, { how, tree: from }: Side): string {
  return how ?? (from === tree ? 'its own' : `as in ${from ?? catalogue.defaultTree.name}`);
}

function treeNamed(name: string): Tree {
  const found = catalogue.trees.find((tree) => tree.name === name);
  if (found !== undefined) return found;
  const names = catalogue.trees.map((tree) => tree.name);
  const message = `unknown tree "${name}"${didYouMean(name, names)}`;
  const place = { file: 'diff', line: 0, column: 0, path: [] };
  throw new InputError([{ ...place, code: 'unknown-name', message, fix: `known: ${names.join(', ')}` }]);
}

import type { Program } from '../program.ts';
import { filesystem } from './filesystem.ts';
import { indexer } from './indexer.ts';
import { lastzero } from './lastzero.ts';
import { readers } from './readers.ts';

/** The benchmark programs of the literature on partial-order reduction, by name, for a number of tasks. */
export const classics: ReadonlyMap<string, (count: number) => Program> = new Map([
  ['readers', readers],
  ['lastzero', lastzero],
  ['indexer', indexer],
  ['filesystem', filesystem],
]);

/** The most tasks that a classic is built with: more would not be searched in a lifetime. */
export const MOST_TASKS = 100;

/** The program of a text like `lastzero:10`; null if there is none. */
export function classic(text: string): Program | null {
  const match = /^([a-z]+):([1-9]\d{0,2})$/.exec(text);
  const make = classics.get(match?.[1] ?? '');
  const count = Number(match?.[2]);
  return make === undefined || count > MOST_TASKS ? null : make(count);
}

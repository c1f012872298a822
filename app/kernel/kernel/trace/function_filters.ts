import { EINVAL } from '../../include/errno.ts';
import { traceableFunctions } from './ftrace.ts';
import { globPattern } from './filter.ts';
import type { FilterFile, TraceArray } from './trace_array.ts';

/**
 * Changes one of the lists of functions by what is written to its file: names and patterns between blanks, `!` takes
 * away, `:mod:` and commands are refused. Return: 0 or -EINVAL.
 */
export function changeFunctions(trace: TraceArray, file: FilterFile, text: string): number {
  for (const word of text.split(/\s+/)) {
    if (word === '') continue;
    const remove = word.startsWith('!');
    const pattern = remove ? word.slice(1) : word;
    if (pattern.includes(':')) return -EINVAL;
    const test = globPattern(pattern);
    const found = traceableFunctions().filter((name) => test.test(name));
    if (found.length === 0) return -EINVAL;
    const names = new Set(trace.filters[file] ?? []);
    for (const name of found) {
      if (remove) names.delete(name);
      else names.add(name);
    }
    trace.filters[file] = names.size === 0 ? null : names;
  }
  return 0;
}

const EMPTY_LISTS: Readonly<Record<FilterFile, string>> = {
  set_ftrace_filter: '#### all functions enabled ####\n',
  set_ftrace_notrace: '#### no functions disabled ####\n',
  set_graph_function: '#### all functions enabled ####\n',
  set_graph_notrace: '#### no functions disabled ####\n',
};

export function functionsText(trace: TraceArray, file: FilterFile): string {
  const names = trace.filters[file];
  if (names === null) return EMPTY_LISTS[file];
  return [...names]
    .sort(byText)
    .map((name) => `${name}\n`)
    .join('');
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

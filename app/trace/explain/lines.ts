import type { Task } from '../../sim/task.ts';
import type { DiagramLine } from '../diagram/explanation.ts';
import type { CallRecord } from './execution.ts';
import type { Order } from './order.ts';
import type { Pick } from './picks.ts';
import type { Vocabulary } from './vocabulary.ts';
import { functionAround, phraseOf, waitPhrase, type Phrase } from './words.ts';

/** Callers that are shown above the function in which all of a column happens. */
const CALLERS_ABOVE = 1;
const CALLERS_ABOVE_ALONE = 3;
/** Deeper nesting leaves no room for text: functions that only hand on are left out. */
const DEEPEST = 5;
/** A column that has the page to itself may nest deeper. */
const DEEPEST_ALONE = 8;

/** One line to be: a moment, or a call around moments. */
interface Entry {
  readonly at: number;
  readonly task: Task;
  /** The call that it stands in. */
  readonly home: CallRecord | null;
  /** Null where only the calls around it are shown. */
  readonly phrase: Phrase | null;
  readonly step?: number;
}

/** Turns moments into lines, in the order of the execution, with the calls around them. */
export function linesOf(
  picks: readonly Pick[],
  actors: readonly Task[],
  order: Order,
  vocabulary: Vocabulary,
): DiagramLine[] {
  const woken = handOvers(picks, order);
  const columnOf = (task: Task | undefined) => (task === undefined ? null : actors.indexOf(task));
  const lines = actors.flatMap((task, actor) => {
    const entries = picks
      .filter(({ record }) => record.task === task)
      .map((pick) => entryOf(pick, vocabulary))
      .filter((entry, i, all) => !repeats(entry, all[i - 1], picks));
    const chains = chainsOf(entries, actors.length === 1, vocabulary);
    const calls = new Map<CallRecord, number>();
    for (const chain of chains) chain.forEach((call, depth) => calls.set(call, depth));
    return [
      ...[...calls].map(([call, depth]) => ({
        at: call.entered,
        line: { actor, depth, text: `${call.name}()`, note: '', wakes: null },
      })),
      ...entries.flatMap(({ at, phrase, step }, i) => {
        if (phrase === null) return [];
        const stepped = step === undefined ? {} : { step };
        const line = {
          actor,
          depth: chains[i].length,
          ...phrase,
          wakes: columnOf(woken.get(at)),
          ...stepped,
        };
        return [{ at, line }];
      }),
    ];
  });
  return lines.sort((a, b) => a.at - b.at).map(({ line }) => line);
}

/** Whom a moment lets go on to another moment that is shown, by the position of the first. */
function handOvers(picks: readonly Pick[], order: Order): ReadonlyMap<number, Task> {
  const shown = new Set(picks.map(({ record }) => record.at));
  const woken = new Map<number, Task>();
  for (const { kind, record } of picks) {
    if (kind !== 'operation') continue;
    for (const from of order.before(record)) if (shown.has(from.at)) woken.set(from.at, record.task);
  }
  return woken;
}

function entryOf({ kind, record }: Pick, vocabulary: Vocabulary): Entry {
  const { at, task } = record;
  switch (kind) {
    case 'operation':
      return {
        at,
        task,
        home: functionAround(record.call, vocabulary),
        phrase: phraseOf(record, vocabulary),
        step: record.step,
      };
    case 'state': {
      // The function that enters a state may be one that stands for that; then it has a line of its own.
      const home = functionAround(record.call, vocabulary);
      return { at, task, home, phrase: { text: record.text, note: '' } };
    }
    case 'place':
      return { at, task, home: functionAround(record.call, vocabulary), phrase: null };
    case 'wait':
      return {
        at,
        task,
        home: functionAround(record.call, vocabulary),
        phrase: waitPhrase(record, vocabulary),
      };
  }
}

/** Several operations of one function that stands for them are one line, unless others come in between. */
function repeats(
  { at, task, home, phrase }: Entry,
  before: Entry | undefined,
  picks: readonly Pick[],
): boolean {
  if (phrase === null || before?.phrase === undefined || before.phrase === null || home !== before.home)
    return false;
  if (phrase.text !== before.phrase.text || phrase.note !== before.phrase.note) return false;
  if (/ = |\+\+|--/.test(phrase.text)) return false;
  return !picks.some(({ record }) => record.task !== task && record.at > before.at && record.at < at);
}

/** For each entry the calls around it that get a line, outermost first. */
function chainsOf(entries: readonly Entry[], alone: boolean, vocabulary: Vocabulary): CallRecord[][] {
  const chains = entries.map(({ home }) => {
    const calls: CallRecord[] = [];
    for (let call = home; call !== null; call = call.caller) {
      if (call.name !== '' && !vocabulary.isPrimitive(call.name)) calls.unshift(call);
    }
    let start = 0;
    while (start < calls.length && vocabulary.isPlumbing(calls[start].name)) start++;
    return calls.slice(start);
  });
  const common = commonLength(chains);
  const above = Math.max(0, common - 1 - (alone ? CALLERS_ABOVE_ALONE : CALLERS_ABOVE));
  return thinned(
    chains.map((chain) => chain.slice(above)),
    alone ? DEEPEST_ALONE : DEEPEST,
    vocabulary,
  );
}

/** How many calls all chains begin with. */
function commonLength(chains: readonly CallRecord[][]): number {
  if (chains.length === 0) return 0;
  let length = 0;
  while (chains.every((chain) => chain.length > length && chain[length] === chains[0][length])) length++;
  return length;
}

/** Leaves out calls that only lead to another one where nesting is too deep: minor ones first, then from outside in. */
function thinned(chains: readonly CallRecord[][], most: number, vocabulary: Vocabulary): CallRecord[][] {
  let result = chains.map((chain) => [...chain]);
  for (;;) {
    const deepest = result.reduce((a, b) => (b.length > a.length ? b : a), []);
    if (deepest.length <= most) return result;
    const dispensable = deepest.slice(1, -1).filter((call) => onlyLeadsOn(call, result));
    const least = dispensable.find(({ name }) => vocabulary.isMinor(name)) ?? dispensable.at(0);
    if (least === undefined) return result;
    result = result.map((chain) => chain.filter((call) => call !== least));
  }
}

function onlyLeadsOn(call: CallRecord, chains: readonly CallRecord[][]): boolean {
  const next = new Set<CallRecord | undefined>();
  for (const chain of chains) {
    const at = chain.indexOf(call);
    if (at >= 0) next.add(chain[at + 1]);
  }
  return next.size === 1 && !next.has(undefined);
}

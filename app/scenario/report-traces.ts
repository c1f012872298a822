import { Cell } from '../sim/cell.ts';
import type { CallRecord, Execution, OperationRecord, SaidRecord } from '../trace/explain/execution.ts';
import { functionAround } from '../trace/explain/words.ts';
import { kernelVocabulary } from './kernel-view.ts';

/** A stack that a report shows beside its own: of another task, or of an earlier moment. */
interface NamedStack {
  /** The id of the task, where the report tells it. */
  readonly pid: string | null;
  /** The class of the lock that was taken there. */
  readonly lock: string | null;
  /** Innermost first. */
  readonly functions: readonly string[];
}

/** More than these are not drawn. */
const MOST = 4;

/**
 * The moments that a report names by their stacks, `Freed by task 64:` or `-> #1 (&rq->lock)`, as operations of the
 * execution: the last one before the report that is in most of these functions. One that changes something tells
 * more than one that only takes a lock.
 */
export function momentsIn(
  report: readonly SaidRecord[],
  execution: Execution,
  before: number,
): OperationRecord[] {
  const lines = report.map(({ text }) => text);
  // The title names the function that matters, which a stack may end before: `never ended for invalidate_start`.
  const blamed = / (?:for|in) (\w+)$/.exec(lines.find((line) => line.startsWith('SCYTHE: ')) ?? '')?.[1];
  return stacksIn(lines)
    .slice(0, MOST)
    .map(({ functions, ...stack }) => ({
      ...stack,
      functions: blamed === undefined ? functions : [...functions, blamed],
    }))
    .map((stack) => momentOf(stack, execution, before))
    .filter((moment) => moment !== null);
}

function stacksIn(lines: readonly string[]): NamedStack[] {
  const stacks: NamedStack[] = [];
  lines.forEach((line, at) => {
    const task = /\bby task (?:.*\/)?(\d+)(?: on cpu \d+)?:$/.exec(line);
    // Number 0 of a chain of locks is the report itself.
    const lock = /^-> #[1-9]\d* \((.+)\)\{/.exec(line);
    if (task === null && lock === null) return;
    const functions: string[] = [];
    for (const next of lines.slice(at + 1)) {
      const entry = /^\s+(\w+)(?:\+0x[0-9a-f]+\/0x[0-9a-f]+)?$/.exec(next);
      if (entry === null) break;
      functions.push(entry[1]);
    }
    if (functions.length > 0) stacks.push({ pid: task?.[1] ?? null, lock: lock?.[1] ?? null, functions });
  });
  return stacks;
}

function momentOf(
  { pid, lock, functions }: NamedStack,
  { operations }: Execution,
  before: number,
): OperationRecord | null {
  let best: OperationRecord | null = null;
  let most = 0;
  for (let i = operations.length - 1; i >= 0; i--) {
    const operation = operations[i];
    if (operation.at >= before) continue;
    if (pid !== null && !kernelVocabulary.taskName(operation.task).endsWith(`/${pid}`)) continue;
    if (lock !== null && !(operation.kind === 'acquire' && operation.holds && isOfClass(operation, lock)))
      continue;
    const own = functionAround(operation.call, kernelVocabulary);
    const itself = own !== null && functions.includes(own.name) ? 4 : 0;
    const common = 8 * inCommon(operation.call, functions) + itself + weightOf(operation);
    if (common > most) [best, most] = [operation, common];
  }
  return best;
}

/** Lockdep numbers the classes of one name: `&p->lock/1`. */
function isOfClass({ object, name }: OperationRecord, lock: string): boolean {
  const plain = lock.replace(/[/#]\d+$/, '');
  return name === plain || kernelVocabulary.objectName(object) === plain;
}

/** Between moments that are in the same functions. */
function weightOf({ kind, object }: OperationRecord): number {
  if (kind === 'free' || kind === 'alloc') return 3;
  if (!(object instanceof Cell)) return 0;
  return kind === 'rmw' ? 2 : kind === 'write' ? 1 : 0;
}

/** How many of the functions a call is inside of. */
function inCommon(call: CallRecord | null, functions: readonly string[]): number {
  let count = 0;
  for (let at = call; at !== null; at = at.caller) if (functions.includes(at.name)) count++;
  return count;
}

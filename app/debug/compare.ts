import { hashText } from '../base/hash.ts';
import { operationText } from './inspect/words.ts';
import { KINDS } from './journal.ts';
import type { Recording } from './record.ts';

/** What each step of a run was, as numbers that are the same in another run if the step was the same there. */
export interface Signatures {
  /** By step, from 1 at index 0: who did what to which object. */
  readonly steps: Uint32Array<ArrayBuffer>;
  /** By step: its task, as an index into `tasks`. */
  readonly tasks: Int32Array<ArrayBuffer>;
  readonly names: readonly string[];
}

/** Of a step: in words. */
export interface StepText {
  step: number;
  task: string;
  text: string;
}

export interface Difference {
  readonly same: boolean;
  readonly leftStep: number | null;
  readonly rightStep: number | null;
  /** The task that did something else; -1 if both did the same in another order. */
  readonly task: string | null;
}

export function signaturesOf({ journal, taskNames }: Recording): Signatures {
  const hashes = new Map<string, number>();
  const steps = new Uint32Array(journal.steps);
  const tasks = new Int32Array(journal.steps);
  for (let step = 1; step <= journal.steps; step++) {
    const task = journal.task.at(step);
    const text = `${taskNames[task] ?? ''} ${KINDS[journal.kind.at(step)] ?? ''} ${journal.objects[journal.object.at(step)]}`;
    let hash = hashes.get(text);
    if (hash === undefined) hashes.set(text, (hash = hashText(text) >>> 0));
    steps[step - 1] = hash;
    tasks[step - 1] = task;
  }
  return { steps, tasks, names: taskNames };
}

/** The text of steps, for the rows of a comparison. */
export function textsOf({ journal, taskNames }: Recording, from: number, to: number): StepText[] {
  const texts: StepText[] = [];
  for (let step = Math.max(from, 1); step <= Math.min(to, journal.steps); step++) {
    const kind = KINDS[journal.kind.at(step)];
    const object = journal.objects[journal.object.at(step)];
    const task = taskNames[journal.task.at(step)] ?? '';
    texts.push({ step, task, text: kind === undefined ? 'stops' : operationText(kind, object) });
  }
  return texts;
}

/**
 * Where two runs part. Tasks are told by their names: the first step, in the order of the left run, at which a task
 * does something else than in the right run. Only if every task does the same, the first step at which the order
 * differs.
 */
export function difference(left: Signatures, right: Signatures): Difference {
  const rights = byTask(right);
  const position = new Map<string, number>();
  let first: Difference | null = null;
  for (let i = 0; i < left.steps.length && first === null; i++) {
    const name = left.names[left.tasks[i]] ?? '';
    const at = position.get(name) ?? 0;
    position.set(name, at + 1);
    const other = rights.get(name)?.[at];
    if (other !== undefined && right.steps[other] === left.steps[i]) continue;
    first = { same: false, leftStep: i + 1, rightStep: other === undefined ? null : other + 1, task: name };
  }
  if (first !== null) return first;
  const more = [...rights].find(([name, steps]) => steps.length > (position.get(name) ?? 0));
  if (more !== undefined) {
    const [task, steps] = more;
    return { same: false, leftStep: null, rightStep: steps[position.get(task) ?? 0] + 1, task };
  }
  for (let i = 0; i < left.steps.length; i++) {
    if (left.steps[i] !== right.steps[i]) {
      return { same: false, leftStep: i + 1, rightStep: i + 1, task: null };
    }
  }
  return { same: true, leftStep: null, rightStep: null, task: null };
}

/** Indices of each task's steps, in order. */
function byTask({ tasks, names }: Signatures): Map<string, number[]> {
  const steps = new Map<string, number[]>();
  for (let i = 0; i < tasks.length; i++) {
    const name = names[tasks[i]] ?? '';
    const list = steps.get(name);
    if (list === undefined) steps.set(name, [i]);
    else list.push(i);
  }
  return steps;
}

export interface Row {
  left: StepText | null;
  right: StepText | null;
}

/** Two stretches side by side: equal steps in one row, as many as can be without changing the order of either. */
export function alignRows(left: readonly StepText[], right: readonly StepText[]): Row[] {
  const same = (a: StepText, b: StepText) => a.task === b.task && a.text === b.text;
  const width = right.length + 1;
  const common = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      common[i * width + j] = same(left[i], right[j])
        ? common[(i + 1) * width + j + 1] + 1
        : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const rows: Row[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && same(left[i], right[j])) {
      rows.push({ left: left[i++], right: right[j++] });
    } else if (
      j >= right.length ||
      (i < left.length && common[(i + 1) * width + j] >= common[i * width + j + 1])
    ) {
      rows.push({ left: left[i++], right: null });
    } else {
      rows.push({ left: null, right: right[j++] });
    }
  }
  return rows;
}

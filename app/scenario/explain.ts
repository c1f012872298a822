import { reportsOf } from '../kernel/report/titles.ts';
import { waitOf, type Wait } from '../sim/ending.ts';
import { Cell } from '../sim/cell.ts';
import type { Machine } from '../sim/machine.ts';
import type { SimObject } from '../sim/object.ts';
import { Memory } from '../sim/memory.ts';
import type { Task } from '../sim/task.ts';
import type { Explanation } from '../trace/diagram/explanation.ts';
import { Execution, type OperationRecord, type SaidRecord } from '../trace/explain/execution.ts';
import type { Focus, Subject } from '../trace/explain/focus.ts';
import { explain } from '../trace/explain/story.ts';
import { momentsIn } from './report-traces.ts';
import { KernelView, kernelVocabulary } from './kernel-view.ts';
import type { Plan } from './resolve.ts';
import { runOnce, type Run } from './run.ts';
import type { ReplayFile } from './replay.ts';

/** Of a longer run not every event can be kept in memory at once. */
export const LONGEST_EXPLAINED = 2_000_000;

/** What came of an attempt to explain a replay. */
export interface Explained {
  /** The run, computed again. */
  readonly run: Run;
  /** What can be explained of it: the titles of its reports, and of its ending if that is a failure of its own. */
  readonly titles: readonly string[];
  /** Null if there is no such report. */
  readonly explanation: Explanation | null;
}

/**
 * Computes a recorded run again and explains one of its reports: the first one with the title that the replay is
 * named for, else the first; or number `which`, from 1. Throws a Divergence if the schedule does not fit.
 */
export function explainReplay(file: ReplayFile, plan: Plan, which: number | null = null): Explained {
  const execution = new Execution('printk', new KernelView());
  const run = runOnce(plan, {
    seed: file.seed,
    clock: file.clock,
    schedule: file.schedule,
    observers: [execution],
  });
  const happened = reportsIn(run, execution);
  const titles = happened.map(({ title }) => title);
  const named = Math.max(titles.indexOf(file.title), 0);
  const report = happened[which === null ? named : which - 1];
  const explanation =
    report === undefined ? null : explain(execution, focusOn(report, execution), kernelVocabulary);
  return { run, titles, explanation };
}

/** A report in the log, or the end of a run in which somebody waits for ever. */
export interface Report {
  readonly title: string;
  /** Its lines, as the kernel printed them. Empty for an ending. */
  readonly lines: readonly SaidRecord[];
}

function reportsIn({ titles, outcome }: Run, { lines }: Execution): Report[] {
  const found = reportsOf(lines.map(({ text }) => text));
  const reports: Report[] = found.map(({ title, line }, i) => ({
    title,
    lines: lines.slice(line, found[i + 1]?.line),
  }));
  const ending = outcome.title;
  return ending !== null && titles.includes(ending) ? [...reports, { title: ending, lines: [] }] : reports;
}

export function focusOn(report: Report, execution: Execution): Focus {
  const { title, lines } = report;
  const said = lines.at(0);
  const waits = waitsOf(report, execution);
  if (waits !== null) {
    const mark = waits.some(({ holders }) => holders.length > 0) ? DEADLOCK : markOf(said?.text ?? title);
    return { title, mark, at: Infinity, subject: { kind: 'waits', waits } };
  }
  if (said === undefined || said.task === null) return focusOnEnd(report, execution);
  const named = momentsIn(lines, execution, said.at);
  return {
    title,
    mark: markOf(said.text),
    at: said.at,
    subject: subjectOf(said, said.task, execution),
    named,
  };
}

const DEADLOCK = '*** DEADLOCK ***';

function subjectOf(said: SaidRecord, task: Task, { operations }: Execution): Subject {
  const { operation, step } = said;
  const touched =
    operation !== null && operation.step === step && !OF_PLACE.test(said.text) ? operation : null;
  if (touched !== null && touched.memory !== null && touched.dead) {
    return { kind: 'memory', culprit: touched, memory: touched.memory };
  }
  if (touched !== null && touched.kind === 'free' && touched.object instanceof Memory) {
    return { kind: 'memory', culprit: touched, memory: touched.object };
  }
  if (touched !== null && OF_VARIABLE.test(said.text) && ACCESSES.has(touched.kind)) {
    return { kind: 'variable', culprit: touched, object: touched.object };
  }
  const next = operations.find((each) => each.task === task && each.at > said.at) ?? null;
  const attempt = next !== null && next.call === said.call && next.kind === 'acquire' ? next : null;
  return { kind: 'place', task, call: said.call, attempt, circumstances: said.circumstances };
}

/** Reports about where a task is, whatever it touched last. */
const OF_PLACE = /^(?:BUG: sleeping|BUG: scheduling|WARNING: (?:possible|suspicious|inconsistent)|\[ BUG: )/;

/** Reports about the value that a task has just seen or left. */
const OF_VARIABLE = /^(?:WARNING: |BUG: |kernel BUG|list_|SCYTHE: )/;

const ACCESSES: ReadonlySet<string> = new Set(['read', 'write', 'rmw']);

/** Who waits for whom, if the report is about that and they still do at the end. */
function waitsOf({ title, lines }: Report, { machine }: Execution): readonly Wait[] | null {
  if (machine === null) return null;
  const starts = startersOf(title, lines, machine);
  for (const start of starts) {
    const chain = chainFrom(start);
    if (chain.length > 0) return chain;
  }
  return null;
}

function startersOf(title: string, lines: readonly SaidRecord[], machine: Machine): readonly Task[] {
  const stuck = machine.tasks.filter(isStuck);
  const hung = /^INFO: task (.+):(\d+) (?:is )?blocked/.exec(lines.at(0)?.text ?? '');
  if (hung !== null)
    return stuck.filter((task) => kernelVocabulary.taskName(task) === `${hung[1]}/${hung[2]}`);
  if (title.startsWith('possible deadlock')) return stuck.filter((task) => task === lines.at(0)?.task);
  if (/^SCYTHE: (?:deadlock|lost wake-up|grace period)/.test(title)) {
    return stuck.filter((task) => waitOf(task).holders.length > 0 || !task.daemon);
  }
  return [];
}

function isStuck(task: Task): boolean {
  return task.state === 'ready' && !task.enabled && task.pending !== null;
}

/** Follows who waits for whom until somebody comes up again or goes on. */
function chainFrom(start: Task): Wait[] {
  const chain: Wait[] = [];
  for (let task: Task | undefined = start; task !== undefined && isStuck(task);) {
    const next = task;
    if (chain.some((wait) => wait.task === next)) return chain;
    const wait = waitOf(next);
    chain.push(wait);
    task = wait.holders[0];
  }
  return chain;
}

/** A report that no task printed: of what was left behind, or of a task that has long stopped. */
function focusOnEnd({ title, lines }: Report, execution: Execution): Focus {
  const { operations } = execution;
  const mark = lines.length === 0 ? title : markOf(lines[0].text);
  const label = /^SCYTHE: (\w+) leaked/.exec(title)?.[1];
  const named = label === undefined ? momentsIn(lines, execution, Infinity) : [];
  const counted = label === undefined ? [] : countsOf(label, execution);
  const culprit = counted.at(-1) ?? named.at(-1) ?? operations[operations.length - 1];
  const subject: Subject = { kind: 'variable', culprit, object: culprit.object };
  return { title, mark, at: Infinity, subject, named: [...named, ...counted.slice(-MOST_COUNTS)] };
}

/** More changes of a count than these nobody reads. */
const MOST_COUNTS = 8;

/** What was done to the count that keeps something of that label alive to the end: whoever took it did not put it. */
function countsOf(label: string, { operations }: Execution): OperationRecord[] {
  const changes = operations.filter(
    ({ memory, kind, object }) =>
      kind === 'rmw' && memory?.label === label && memory.alive && isCount(object) && object.value > 0,
  );
  const object = changes.at(-1)?.object;
  return changes.filter((change) => change.object === object);
}

function isCount(object: SimObject): object is Cell<number> {
  return (
    object instanceof Cell && typeof object.value === 'number' && /count|users|refs?\b|kref/.test(object.name)
  );
}

/** The first line of a report without what is made up: offsets and addresses. */
function markOf(text: string): string {
  return text.replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, '').trim();
}

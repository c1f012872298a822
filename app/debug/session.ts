import { formatLine } from '../kernel/log.ts';
import { explainReplay, LONGEST_EXPLAINED } from '../scenario/explain.ts';
import { formatReplay, type ReplayFile } from '../scenario/replay.ts';
import type { Overrides } from '../scenario/resolve.ts';
import { dmesgOf } from '../scenario/run.ts';
import type { Explanation, Format } from '../trace/diagram/explanation.ts';
import { render } from '../trace/diagram/render.ts';
import { diagramSteps } from '../trace/diagram/text.ts';
import type { TraceEvent } from '../kernel/trace-events.ts';
import { Cursor } from './cursor.ts';
import { GeneratorLines } from './inspect/generator-lines.ts';
import type { Inspection } from './inspect/inspection.ts';
import { framesOf } from './inspect/tasks.ts';
import type { Recording } from './record.ts';
import { Seeker, type Breakpoint, type Found, type Target } from './seek.ts';
import { signaturesOf, type Signatures } from './compare.ts';

export interface LogEntry {
  text: string;
  level: number;
  nowNs: number;
  step: number;
  task: number;
}

export interface ConsoleEntry {
  text: string;
  nowNs: number;
  step: number;
}

/** What a replay file of a recorded run needs besides its inputs. */
export interface Origin {
  readonly name: string;
  readonly text: string;
  readonly overrides: Overrides;
}

/** A recorded run that can be asked about any of its steps. */
export class RunSession {
  private readonly lines = new GeneratorLines();
  private readonly seeker: Seeker;
  private readonly cursor: Cursor;
  /** Explanations are made by executing the run once more: by number of the report. */
  private readonly explained = new Map<number | null, Explanation | null>();

  constructor(
    readonly recording: Recording,
    readonly origin: Origin,
  ) {
    this.seeker = new Seeker(recording, (step, place) => this.isAtLine(step, place));
    this.cursor = new Cursor(recording, (step) => this.seeker.describe(step), this.lines);
  }

  inspect(step: number): Inspection {
    return this.cursor.at(Math.min(step, this.recording.journal.steps));
  }

  seek(from: number, forward: boolean, target: Target, breakpoints: readonly Breakpoint[]): Found {
    return this.seeker.seek(Math.min(from, this.recording.journal.steps), forward, target, breakpoints);
  }

  log(): LogEntry[] {
    return this.recording.run.log.map((line) => ({
      text: formatLine(line),
      level: line.level,
      nowNs: line.time,
      step: line.step,
      task: line.task,
    }));
  }

  /** Lines of the console, each with the step at which its last character came. */
  console(): ConsoleEntry[] {
    const lines: ConsoleEntry[] = [];
    let open: ConsoleEntry | null = null;
    for (const { kind, text, step, nowNs } of this.recording.journal.sayings) {
      if (kind !== 'console') continue;
      for (const [i, piece] of text.split('\n').entries()) {
        if (i > 0) open = null;
        if (piece === '') continue;
        if (open === null) lines.push((open = { text: '', step, nowNs }));
        open.text += piece;
        open.step = step;
        open.nowNs = nowNs;
      }
    }
    return lines;
  }

  replayFile(): string {
    return formatReplay(this.file());
  }

  /** Null if there is no such report. Counted from 0; null for the one that the run is known for. */
  explain(
    report: number | null,
    format: Format,
  ): { text: string; steps: { line: number; step: number }[] } | null {
    const explanation = this.explanation(report);
    if (explanation === null) return null;
    const text = render(explanation, format);
    if (format !== 'text' && format !== 'markdown') return { text, steps: [] };
    const above = format === 'text' ? text.slice(0, text.indexOf('\n\n')).split('\n').length + 1 : 3;
    const steps = diagramSteps(explanation.diagram).map(({ line, step }) => ({ line: line + above, step }));
    return { text, steps };
  }

  explanation(report: number | null): Explanation | null {
    const known = this.explained.get(report);
    if (known !== undefined) return known;
    if (this.recording.run.steps > LONGEST_EXPLAINED) return null;
    const which = report === null ? null : report + 1;
    const { explanation } = explainReplay(this.file(), this.recording.plan, which);
    this.explained.set(report, explanation);
    return explanation;
  }

  dmesg(): string {
    return dmesgOf(this.recording.run);
  }

  /** Trace events between two moments. */
  events(fromNs: number | null, toNs: number | null): TraceEvent[] {
    const { trace } = this.recording.run;
    return trace.filter(({ time }) => time >= (fromNs ?? 0) && time <= (toNs ?? Infinity));
  }

  signatures(): Signatures {
    return signaturesOf(this.recording);
  }

  describe(step: number): string {
    return this.seeker.describe(step);
  }

  close(): void {
    this.cursor.clear();
    this.lines.close();
  }

  private file(): ReplayFile {
    const { run, seed, clock } = this.recording;
    const { schedule, steps, eventHash, titles, outcome } = run;
    return {
      title: titles[0] ?? outcome.text,
      scenario: { name: this.origin.name, text: this.origin.text },
      overrides: this.origin.overrides,
      ...{ seed, clock, schedule, steps, eventHash },
    };
  }

  /** `place` is `file:line`, with the function around it in front: `exit_mmap app/kernel/mm/mmap.ts:120`. */
  private isAtLine(step: number, place: string): boolean {
    const match = /^(?:(\S+) )?(.+):(\d+)$/.exec(place);
    if (match === null) return false;
    const [, name, file, line] = match as unknown as [string, string | undefined, string, string];
    const task = this.recording.journal.task.at(step);
    // Asking the engine costs more than looking whether the task can be there at all.
    const entered = this.callsEntered(step, task);
    if (name !== undefined && entered === 0 && !this.isIn(step, name)) return false;
    const paused = this.cursor.executionAt(step).machine.tasks[task];
    if (paused === undefined || paused.state !== 'ready') return false;
    const frames = framesOf(paused);
    // A line that calls another function counts when the call begins, not all the while it lasts.
    const depth = name === undefined ? 0 : frames.findIndex(({ symbol }) => symbol?.name === name);
    if (depth < 0 || depth > entered || frames[depth] === undefined) return false;
    const [at] = this.lines.linesOf([frames[depth].body]);
    return at !== null && at.file === file && at.line === Number(line);
  }

  /** How many calls a task has begun at a step. */
  private callsEntered(step: number, task: number): number {
    const { journal } = this.recording;
    const { callStep, callTask, callEnters } = journal;
    let row = firstAtLeast(callStep.length, (index) => callStep.at(index) >= step);
    let entered = 0;
    for (; row < callStep.length && callStep.at(row) === step; row++) {
      if (callTask.at(row) === task && callEnters.at(row) === 1) entered++;
    }
    return entered;
  }

  private isIn(step: number, name: string): boolean {
    const { journal } = this.recording;
    const task = journal.task.at(step);
    return this.topFunctions().get(task)?.(step) === name;
  }

  private tops: Map<number, (step: number) => string> | null = null;

  /** By task: the innermost function after a step, from the calls and returns. */
  private topFunctions(): Map<number, (step: number) => string> {
    if (this.tops !== null) return this.tops;
    const { journal } = this.recording;
    const changes = new Map<number, { steps: number[]; names: string[]; stack: string[] }>();
    for (let row = 0; row < journal.callStep.length; row++) {
      const task = journal.callTask.at(row);
      let each = changes.get(task);
      if (each === undefined) changes.set(task, (each = { steps: [], names: [], stack: [] }));
      if (journal.callEnters.at(row) === 1) each.stack.push(journal.functions[journal.callName.at(row)]);
      else each.stack.pop();
      each.steps.push(journal.callStep.at(row));
      each.names.push(each.stack.at(-1) ?? '');
    }
    this.tops = new Map(
      [...changes].map(([task, { steps, names }]) => [
        task,
        (step: number) => names[lastAtMost(steps, step)] ?? '',
      ]),
    );
    return this.tops;
  }
}

/** The first index of which something holds that holds for all after it. */
function firstAtLeast(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Index of the last number that is not above; -1 if all are. */
function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

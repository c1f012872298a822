import { matches } from '../scenario/expectations.ts';
import { operationText } from './inspect/words.ts';
import { KINDS } from './journal.ts';
import type { Recording } from './record.ts';

/** Where a step shall end, as the workbench asks for it. */
export type Target =
  | { readonly kind: 'operation' | 'event'; readonly task: number | null }
  | { readonly kind: 'function' | 'call' | 'return'; readonly task: number }
  | { readonly kind: 'write'; readonly object: string }
  | { readonly kind: 'switch' | 'report' | 'breakpoint' };

export interface Breakpoint {
  readonly kind: 'function' | 'event' | 'object' | 'report' | 'line';
  readonly what: string;
  readonly enabled: boolean;
}

export interface Found {
  readonly step: number | null;
  readonly why: string;
}

/** Operations that change what they touch. */
const WRITES: ReadonlySet<string> = new Set(['write', 'rmw', 'alloc', 'free', 'acquire', 'release']);

/** What a step has to be for the search to end there; in words why it does, or null. */
type Test = (step: number) => string | null;

/** Finds the next step of a kind, forwards or backwards, in what was recorded. Nothing is executed for that. */
export class Seeker {
  private calls: { readonly bySteps: Map<number, number[]> } | null = null;
  private events: Map<number, number[]> | null = null;

  constructor(
    private readonly recording: Recording,
    /** Is a task at this line after the step? Null where nobody can tell. */
    private readonly isAtLine: (step: number, place: string) => boolean,
  ) {}

  seek(from: number, forward: boolean, target: Target, breakpoints: readonly Breakpoint[]): Found {
    const test = this.testOf(target, from, breakpoints);
    const { steps } = this.recording.journal;
    const last = forward ? steps : 0;
    for (let step = from; step !== last;) {
      step += forward ? 1 : -1;
      if (step < 0 || step > steps) break;
      const why = test(step);
      if (why !== null) return { step, why };
    }
    return { step: null, why: nothing(target, forward) };
  }

  /** What happened at a step, in words. */
  describe(step: number): string {
    const { journal } = this.recording;
    if (step === 0) return 'the guest is about to start';
    const kind = KINDS[journal.kind.at(step)];
    const name = journal.objects[journal.object.at(step)];
    const value = journal.value.at(step);
    const change = Number.isNaN(value) || (kind !== 'write' && kind !== 'rmw') ? '' : `, now ${value}`;
    const text = kind === undefined ? 'stops' : operationText(kind, name);
    return `${this.who(step)}: ${text}${change}`;
  }

  private testOf(target: Target, from: number, breakpoints: readonly Breakpoint[]): Test {
    const { journal, reports } = this.recording;
    switch (target.kind) {
      case 'operation':
        return (step) => (this.isOf(step, target.task) ? this.describe(step) : null);
      case 'function': {
        const depth = this.depthOf(target.task, from);
        return (step) =>
          this.isOf(step, target.task) && journal.depth.at(step) <= depth ? this.describe(step) : null;
      }
      case 'return': {
        const depth = this.depthOf(target.task, from);
        return (step) =>
          this.isOf(step, target.task) && journal.depth.at(step) < depth ? this.describe(step) : null;
      }
      case 'call':
        return (step) => this.callAt(step, target.task);
      case 'event':
        return (step) => this.eventAt(step, target.task, () => true);
      case 'switch':
        return (step) =>
          step > 0 && journal.task.at(step) !== journal.task.at(step - 1)
            ? `${this.who(step)} goes on: ${this.describe(step)}`
            : null;
      case 'write':
        return (step) =>
          this.touches(step, target.object) && WRITES.has(KINDS[journal.kind.at(step)] ?? '')
            ? this.describe(step)
            : null;
      case 'report':
        return (step) => reports.find((report) => report.step === step)?.title ?? null;
      case 'breakpoint': {
        const tests = breakpoints.filter(({ enabled }) => enabled).map((each) => this.testOfBreakpoint(each));
        return (step) => {
          for (const test of tests) {
            const why = test(step);
            if (why !== null) return why;
          }
          return null;
        };
      }
    }
  }

  private testOfBreakpoint({ kind, what }: Breakpoint): Test {
    const { reports } = this.recording;
    switch (kind) {
      case 'function':
        return (step) => (this.enters(step, what) ? `${this.who(step)} enters ${what}()` : null);
      case 'event':
        return (step) => this.eventAt(step, null, (name) => matches(what, name));
      case 'object':
        return (step) => (this.touches(step, what) ? this.describe(step) : null);
      case 'report':
        return (step) =>
          reports.find((report) => report.step === step && matches(what, report.title))?.title ?? null;
      case 'line':
        return (step) =>
          step > 0 && this.isAtLine(step, what)
            ? `${this.who(step)} is at ${what.split(' ').at(-1) ?? what}`
            : null;
    }
  }

  private isOf(step: number, task: number | null): boolean {
    return step > 0 && (task === null || this.recording.journal.task.at(step) === task);
  }

  /** How deep a task is in calls after a step. */
  private depthOf(task: number, at: number): number {
    const { journal } = this.recording;
    for (let step = at; step > 0; step--) if (journal.task.at(step) === task) return journal.depth.at(step);
    return 0;
  }

  private touches(step: number, object: string): boolean {
    const { journal } = this.recording;
    if (step === 0) return false;
    const name = journal.objects[journal.object.at(step)];
    // By its full name, by name and id, or by the last part: `mm_users` of `mm_struct->mm_users`.
    return name === object || name.endsWith(`->${object}`) || journal.objectText(step) === object;
  }

  private callAt(step: number, task: number): string | null {
    const { journal } = this.recording;
    const rows = this.callsBySteps().get(step) ?? [];
    for (const row of rows) {
      if (journal.callTask.at(row) !== task) continue;
      const name = journal.functions[journal.callName.at(row)];
      return `${this.who(step)} ${journal.callEnters.at(row) === 1 ? 'enters' : 'returns from'} ${name}()`;
    }
    return null;
  }

  private enters(step: number, name: string): boolean {
    const { journal } = this.recording;
    return (this.callsBySteps().get(step) ?? []).some(
      (row) => journal.callEnters.at(row) === 1 && journal.functions[journal.callName.at(row)] === name,
    );
  }

  private eventAt(step: number, task: number | null, wanted: (name: string) => boolean): string | null {
    const { sayings } = this.recording.journal;
    for (const index of this.eventsBySteps().get(step) ?? []) {
      const { kind, text, task: by } = sayings[index];
      if ((task === null || by === task) && wanted(kind)) return `${kind}: ${text}`;
    }
    return null;
  }

  private callsBySteps(): Map<number, number[]> {
    if (this.calls === null) {
      const { callStep } = this.recording.journal;
      this.calls = { bySteps: grouped(callStep.length, (row) => callStep.at(row)) };
    }
    return this.calls.bySteps;
  }

  private eventsBySteps(): Map<number, number[]> {
    if (this.events === null) {
      const { sayings } = this.recording.journal;
      this.events = grouped(sayings.length, (row) =>
        sayings[row].kind.includes(':') ? sayings[row].step : -1,
      );
    }
    return this.events;
  }

  private who(step: number): string {
    return this.recording.taskNames[this.recording.journal.task.at(step)] ?? 'the machine';
  }
}

function grouped(length: number, keyOf: (row: number) => number): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let row = 0; row < length; row++) {
    const key = keyOf(row);
    if (key < 0) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function nothing({ kind }: Target, forward: boolean): string {
  const where = forward ? 'after this step' : 'before this step';
  return kind === 'breakpoint' ? `no breakpoint is hit ${where}` : `there is none ${where}`;
}

import type { Frame, Task } from '../../sim/task.ts';
import type { Moment, TraceBuilder } from './builder.ts';
import type { TraceView } from './view.ts';

interface OpenCall {
  readonly frame: Frame;
  /** Null for a call that is not shown. */
  readonly slice: number | null;
}

/** Functions as slices, one inside the other, per task. */
export class CallSlices {
  private readonly stacks: OpenCall[][] = [];

  constructor(
    private readonly builder: TraceBuilder,
    private readonly view: TraceView,
  ) {}

  entered(task: Task, track: number, frame: Frame, at: Moment): void {
    const stack = (this.stacks[task.index] ??= []);
    // Frames that were thrown away with the stack they stood on (an oops) have never returned.
    this.unwind(stack, frame.caller, at);
    const text = this.view.callText(frame);
    const depth = stack.filter(({ slice }) => slice !== null).length;
    stack.push({ frame, slice: text === null ? null : this.builder.open(track, at, text, depth) });
  }

  left(task: Task, frame: Frame, at: Moment): void {
    const stack = this.stacks[task.index];
    if (stack !== undefined) this.unwind(stack, frame.caller, at);
  }

  ended(task: Task, at: Moment): void {
    const stack = this.stacks[task.index];
    if (stack !== undefined) this.unwind(stack, null, at);
  }

  private unwind(stack: OpenCall[], down: Frame | null, at: Moment): void {
    for (let top = stack.at(-1); top !== undefined && top.frame !== down; top = stack.at(-1)) {
      if (top.slice !== null) this.builder.close(top.slice, at);
      stack.pop();
    }
  }
}

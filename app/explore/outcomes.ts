import type { Schedule } from '../sim/schedule.ts';

/** Executions that came to the same title. */
export interface Outcome {
  readonly title: string;
  /** Executions with this title. */
  count: number;
  /** The first of them, counted from 1. */
  readonly first: number;
  /** The schedule of the first one. */
  readonly schedule: Schedule;
}

/** Groups executions by title, in order of first appearance. */
export class Outcomes {
  private readonly byTitle = new Map<string, Outcome>();

  /** Notes an execution; its schedule is asked for only when a title is new. True if one is. */
  note(titles: readonly string[], execution: number, schedule: () => Schedule): boolean {
    let news = false;
    for (let i = 0; i < titles.length; i++) {
      const title = titles[i];
      const known = this.byTitle.get(title);
      if (known !== undefined) known.count++;
      else {
        this.byTitle.set(title, { title, count: 1, first: execution, schedule: schedule() });
        news = true;
      }
    }
    return news;
  }

  /** Takes in outcomes of `before` executions later. True if a title is new. */
  merge(outcomes: readonly Outcome[], before: number): boolean {
    let news = false;
    for (const { title, count, first, schedule } of outcomes) {
      const known = this.byTitle.get(title);
      if (known !== undefined) known.count += count;
      else {
        this.byTitle.set(title, { title, count, first: before + first, schedule });
        news = true;
      }
    }
    return news;
  }

  list(): readonly Outcome[] {
    return [...this.byTitle.values()];
  }
}

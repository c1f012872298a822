import type { Program } from '../../explore/program.ts';
import { kernelGlobal } from '../../kernel/globals.ts';
import type { TaskStruct } from '../../kernel/include/sched.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { SrcuStruct } from '../../kernel/kernel/rcu/srcutree.ts';
import { titlesOf } from '../../kernel/report/titles.ts';
import type { SearchDetail } from '../../kernel/search-detail.ts';
import { reserve } from '../../kernel/struct.ts';
import { addTasks, dmesg, type TestTasks } from '../../kernel/testing/boot.ts';
import { bootWithThreads } from '../../kernel/testing/threads.ts';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { endingOf } from '../../sim/ending.ts';
import type { Memory } from '../../sim/memory.ts';
import { runningTask } from '../../sim/machine-in-force.ts';

/** Something that is used, and freed. */
export class Victim {
  readonly memory: Memory;
  private readonly value: Cell<number>;
  /** How others find it. */
  readonly published: Cell<boolean>;

  constructor(readonly name: string) {
    this.memory = reserve('slab', name, 64);
    this.value = new Cell(0, `${name}->value`, this.memory);
    this.published = new Cell(true, `pointer to ${name}`);
  }

  /** Whoever does so after the free is told of. */
  *use(): Body<void> {
    bench().note(`${this.name} is ${yield* this.value.read()}`, this.name);
  }

  *change(value: number): Body<void> {
    yield* this.value.write(value);
  }

  *useIfPublished(): Body<void> {
    if (yield* this.published.read()) yield* this.use();
    else bench().note(`no ${this.name}`, this.name);
  }

  *unpublish(): Body<void> {
    yield* this.published.write(false);
  }

  *free(): Body<void> {
    yield* this.memory.free();
  }
}

/** What the tasks of a small kernel have between them. */
export class Bench {
  readonly victim = new Victim('victim');
  readonly other = new Victim('other');
  readonly ssp = new SrcuStruct('small_srcu');
  /** By name. */
  tasks: Readonly<Record<string, TaskStruct>> = {};
  private readonly notes = new Map<string, string[]>();

  /** What a task has learnt, in its order; what others learn has no place in it. */
  note(text: string, what = 'it'): void {
    const { label } = runningTask();
    // Which worker has what is up to nobody.
    const who = label.startsWith('kworker/') ? `work on ${what}` : label;
    const notes = this.notes.get(who);
    if (notes === undefined) this.notes.set(who, [text]);
    else notes.push(text);
  }

  get told(): string[] {
    return [...this.notes].map(([who, notes]) => `${who}: ${notes.join(', ')}`).sort();
  }
}

export const bench: () => Bench = kernelGlobal('small_kernel_bench', () => new Bench());

/**
 * A kernel with its threads and a few tasks, to be searched. Its titles are all that can be told of an execution: reports,
 * uses after free, how it ended, what each task has learnt.
 */
export function smallKernel(tasks: TestTasks, searchDetail: Partial<SearchDetail> = {}): Program {
  return {
    create: () => {
      const kernel = bootWithThreads({ cpus: 1, searchDetail });
      const { machine } = kernel;
      machine.inside(() => bench());
      machine.onDeadAccess = (_task, _operation, memory) => {
        bench().note(`use of ${memory.label} after its end`, memory.label);
        return 'continue';
      };
      const added = addTasks(kernel, tasks);
      machine.inside(() => (bench().tasks = added));
      return machine;
    },
    judge: (machine) => {
      const kernel = machine.world as Kernel;
      const { kind } = endingOf(machine);
      return machine.inside(() => [
        [
          kind,
          ...titlesOf(dmesg(kernel)),
          ...dmesg(kernel)
            .filter((line) => line.includes('WARNING:'))
            .map((line) => line.replace(/^.* at /, '')),
          ...bench().told,
        ].join('; '),
      ]);
    },
  };
}

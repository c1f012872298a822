import { ns } from '../base/brand.ts';
import type { Program } from '../explore/program.ts';
import { boot } from '../kernel/init/main.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { titlesOf } from '../kernel/report/titles.ts';
import { Machine } from '../sim/machine.ts';
import { judge } from './expectations.ts';
import { startGuest } from './guest.ts';
import { outcomeOf } from './outcome.ts';
import { readProbe } from './probes.ts';
import type { Plan } from './resolve.ts';
import { BOOT_NS, happeningsOf } from './run.ts';
import type { Assertions } from './expect-schema.ts';
import { runSetUp } from './set-up.ts';

/**
 * A scenario as a program to be searched: each machine stands at the open start gate, and an execution is what
 * comes after. Its titles are those of the reports, of the ending if that is a failure, and of expectations about
 * single executions that do not hold.
 */
export class ScenarioProgram implements Program {
  private readonly assertions: Assertions;
  private readonly tellsEvents: boolean;
  /** Logs come back word for word in most executions: what their titles are is worked out once. */
  private readonly titlesByLog = new Map<string, readonly string[]>();

  constructor(private readonly plan: Plan) {
    // Titles are outcomes by themselves, and virtual times mean nothing in a search.
    const { events, final } = plan.searchAssertions;
    this.assertions = {
      ...(events === undefined ? {} : { events }),
      ...(final === undefined ? {} : { final }),
    };
    this.tellsEvents = events !== undefined;
  }

  create(): Machine {
    const machine = new Machine();
    const kernel = boot(this.plan, machine);
    if (this.tellsEvents) kernel.tracing.enable('*:*');
    machine.now = ns(BOOT_NS);
    startGuest(kernel, this.plan);
    runSetUp(kernel, this.plan);
    return machine;
  }

  judge(machine: Machine): readonly string[] {
    const kernel = machine.world as Kernel;
    machine.inside(() => {
      kernel.hooks.emit('endOfRun');
    });
    const reports = this.reportsOf(kernel);
    // Who waits for a task that has panicked would have stopped with it.
    if (kernel.log.hasPanicked()) return reports;
    const ending = outcomeOf(kernel, [], Number.MAX_SAFE_INTEGER);
    const titles = ending.title === null ? reports : [...reports, ending.title];
    const failures = this.failuresOf(kernel);
    return failures.length === 0 ? titles : [...titles, ...failures];
  }

  private reportsOf({ log }: Kernel): readonly string[] {
    if (log.lines.length === 0) return [];
    const lines = log.lines.map((line) => line.text);
    const key = lines.join('\n');
    let titles = this.titlesByLog.get(key);
    if (titles === undefined) {
      titles = [...new Set(titlesOf(lines))];
      if (this.titlesByLog.size >= MOST_LOGS) this.titlesByLog.clear();
      this.titlesByLog.set(key, titles);
    }
    return titles;
  }

  private failuresOf(kernel: Kernel): string[] {
    const { events, final } = this.assertions;
    if (events === undefined && final === undefined) return [];
    return judge(this.assertions, {
      titles: [],
      settled: true,
      ending: '',
      happenings: happeningsOf(kernel),
      timings: { reapNs: [], exitNs: [], callbackNs: [], runNs: 0 },
      valuesOf: (field) => kernel.machine.inside(() => readProbe(kernel, field)),
    }).map((failure) => `expectation: ${failure}`);
  }
}

const MOST_LOGS = 10_000;

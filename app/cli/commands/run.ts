import { formatFtrace } from '../../trace/export/ftrace-text.ts';
import type { ConfigChange } from '../../kernel/kconfig.ts';
import { catalogue } from '../../scenario/catalogue.ts';
import { InputError } from '../../scenario/issues.ts';
import { loadScenario } from '../../scenario/load.ts';
import { formatReplay } from '../../scenario/replay.ts';
import { resolve, type Overrides, type Plan } from '../../scenario/resolve.ts';
import { dmesgOf, runOnce, type Run } from '../../scenario/run.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { findScenario, print, readText, writeText } from '../files.ts';
import { lockStatDocument, renderLockTimes } from '../lockstat-render.ts';
import { documentOf, renderHead, renderRun, renderVerdict } from '../render.ts';
import { Palette, Progress } from '../terminal.ts';

export interface RunFlags {
  readonly tree?: string;
  readonly patch?: readonly string[];
  readonly config?: readonly ConfigChange[];
  readonly append?: readonly string[];
  readonly seed?: number;
  readonly iterations?: number;
  readonly json?: boolean;
  readonly lockstat?: boolean;
  readonly dmesg?: string;
  readonly ftrace?: string;
  readonly saveReplay?: string;
}

/** `scythe run`: runs a scenario, once per iteration, and says whether it went as expected. */
export async function run(named: string, flags: RunFlags): Promise<ExitCode> {
  const path = findScenario(named);
  const text = readText(path, '`scythe list scenarios` shows the bundled ones');
  const loaded = loadScenario(text, path);
  if (!loaded.ok) throw new InputError(loaded.issues);
  const overrides = overridesOf(flags);
  const plan = resolve(loaded.value, loaded.source, catalogue, overrides);

  const palette = Palette.of(process.stdout);
  const json = flags.json === true;
  if (!json) print(renderHead(named, plan, palette));

  const runs: Run[] = [];
  const interrupted = await iterate(plan, (each) => {
    runs.push(each);
    if (!json) show(each, plan, flags, palette);
  });
  if (runs.length > 0) save({ plan, runs, flags, overrides, name: named, text });
  if (json) print(`${JSON.stringify(documentWith(named, plan, runs, flags), null, 2)}\n`);
  else {
    if (flags.lockstat === true && plan.iterations > 1) print(renderLockTimes(runs));
    print(renderVerdict(runs, palette));
  }
  if (interrupted) {
    process.stderr.write(`interrupted after ${runs.length} of ${plan.iterations} iterations\n`);
    return EXIT.INTERRUPTED;
  }
  return runs.every((each) => each.met) ? EXIT.MET : EXIT.NOT_MET;
}

function documentWith(named: string, plan: Plan, runs: readonly Run[], flags: RunFlags): object {
  const document = documentOf(named, plan, runs);
  return flags.lockstat === true ? { ...document, lockStat: lockStatDocument(runs) } : document;
}

function overridesOf(flags: RunFlags): Overrides {
  const { tree, patch, append, seed, iterations } = flags;
  const config =
    flags.lockstat === true
      ? [...(flags.config ?? []), { name: 'LOCK_STAT', value: 'y' } as const]
      : flags.config;
  return {
    ...(tree === undefined ? {} : { tree }),
    ...(patch === undefined ? {} : { patches: patch.filter((name) => name !== 'none') }),
    ...(config === undefined ? {} : { config }),
    ...(append === undefined ? {} : { append }),
    ...(seed === undefined ? {} : { seed }),
    ...(iterations === undefined ? {} : { iterations }),
  };
}

/** Runs all iterations. Ctrl-C ends between two of them and keeps what was found; true if that happened. */
async function iterate(plan: Plan, onRun: (run: Run) => void): Promise<boolean> {
  const progress = new Progress(process.stderr, plan.iterations);
  let interrupted = false;
  const onInterrupt = () => {
    interrupted = true;
  };
  if (plan.iterations > 1) process.once('SIGINT', onInterrupt);
  for (let done = 0; done < plan.iterations && !interrupted; done++) {
    const onProgress = (steps: number, now: number) => progress.tell(done, steps, now);
    const result = runOnce(plan, { seed: plan.seed + done, onProgress });
    progress.end();
    onRun(result);
    if (plan.iterations > 1) await new Promise((next) => setImmediate(next));
  }
  process.off('SIGINT', onInterrupt);
  return interrupted;
}

function show(run: Run, plan: Plan, flags: RunFlags, palette: Palette): void {
  if (plan.iterations === 1) print(section('console', run.console, palette));
  if (flags.dmesg === '-') print(section('dmesg', dmesgOf(run), palette));
  if (plan.iterations === 1 && run.lockStat !== null) print(section('lock_stat', run.lockStat.text, palette));
  print(renderRun(run, palette));
}

function section(title: string, text: string, palette: Palette): string {
  return `${palette.paint('dim', `--- ${title}`)}\n${text}${text === '' || text.endsWith('\n') ? '' : '\n'}\n`;
}

interface Saving {
  readonly plan: Plan;
  readonly runs: readonly Run[];
  readonly flags: RunFlags;
  readonly overrides: Overrides;
  readonly name: string;
  readonly text: string;
}

/** Writes the files that were asked for: the log of every iteration; trace and replay of the telling one. */
function save({ plan, runs, flags, overrides, name, text }: Saving): void {
  const telling = runs.find((run) => !run.met) ?? runs[0];
  if (flags.dmesg !== undefined && flags.dmesg !== '-') {
    const logs = runs.map((run) => (runs.length > 1 ? `# seed ${run.seed}\n` : '') + dmesgOf(run));
    writeText(flags.dmesg, logs.join(''));
  }
  if (flags.ftrace !== undefined) writeText(flags.ftrace, formatFtrace(telling.trace, plan.cpus));
  if (flags.saveReplay !== undefined) {
    const { seed, steps, eventHash, schedule } = telling;
    const title = telling.titles[0] ?? telling.outcome.text;
    const { tree, patches, config, append } = overrides;
    writeText(
      flags.saveReplay,
      formatReplay({
        title,
        scenario: { name, text },
        overrides: {
          ...(tree === undefined ? {} : { tree }),
          ...(patches === undefined ? {} : { patches }),
          ...(config === undefined ? {} : { config }),
          ...(append === undefined ? {} : { append }),
        },
        seed,
        clock: 'timed',
        schedule,
        steps,
        eventHash,
      }),
    );
  }
}

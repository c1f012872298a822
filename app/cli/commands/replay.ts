import { catalogue } from '../../scenario/catalogue.ts';
import { parseReplay, planOf } from '../../scenario/replay.ts';
import { dmesgOf, runOnce, type Run } from '../../scenario/run.ts';
import { Divergence } from '../../sim/schedule.ts';
import { formatFtrace } from '../../trace/export/ftrace-text.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { print, readText, writeText } from '../files.ts';
import { documentOf, renderHead, renderRun } from '../render.ts';
import { Palette } from '../terminal.ts';

export interface ReplayFlags {
  readonly json?: boolean;
  readonly dmesg?: string;
  readonly ftrace?: string;
}

/** `scythe replay`: computes a recorded run again and says whether it is the same. */
export function replay(path: string, flags: ReplayFlags): ExitCode {
  const file = parseReplay(
    readText(path, 'replay files are written by `scythe run --save-replay FILE`'),
    path,
  );
  const plan = planOf(file, catalogue);
  const palette = Palette.of(process.stdout);
  let run: Run;
  try {
    run = runOnce(plan, { seed: file.seed, clock: file.clock, schedule: file.schedule });
  } catch (error) {
    if (!(error instanceof Divergence)) throw error;
    process.stderr.write(`${path}: ${error.message}\n${CAUSE}`);
    return EXIT.NOT_MET;
  }
  const name = file.scenario.name;
  if (flags.dmesg !== undefined && flags.dmesg !== '-') writeText(flags.dmesg, dmesgOf(run));
  if (flags.ftrace !== undefined) writeText(flags.ftrace, formatFtrace(run.trace, plan.cpus));
  if (flags.json === true) {
    print(`${JSON.stringify(documentOf(name, plan, [run]), null, 2)}\n`);
  } else {
    print(renderHead(name, plan, palette));
    if (flags.dmesg === '-') print(`${dmesgOf(run)}\n`);
    print(renderRun(run, palette));
  }
  if (run.eventHash === file.eventHash && run.steps === file.steps) {
    if (flags.json !== true)
      print(`replay: ${palette.paint('green', 'identical')}, event hash ${run.eventHash}\n`);
    return EXIT.MET;
  }
  const difference =
    run.steps === file.steps
      ? `the event hash is ${run.eventHash}, it was ${file.eventHash}`
      : `it has ${run.steps} operations, it had ${file.steps}`;
  process.stderr.write(`${path}: the replay is another run than the one recorded: ${difference}\n${CAUSE}`);
  return EXIT.NOT_MET;
}

const CAUSE =
  'The file was changed, or it comes from a Scythe whose kernel model differs: record it again.\n';

import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ScytheBug } from '../base/assert.ts';
import type { ConfigChange } from '../kernel/kconfig.ts';
import { formatIssue, InputError } from '../scenario/issues.ts';
import { explain as explainReplayed, type ExplainFlags } from './commands/explain.ts';
import { list, LISTS, type ListName } from './commands/list.ts';
import { replay, type ReplayFlags } from './commands/replay.ts';
import { run, type RunFlags } from './commands/run.ts';
import { FORMATS } from '../trace/diagram/explanation.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { VERSION } from './version.ts';

const RUN_EXAMPLES = `
Examples:
  $ scythe run scenarios/kvm-oom/reap.yaml --dmesg -
  $ scythe run kvm-oom/reap --config PREEMPT_RT=n
  $ scythe run kvm-oom/reap --tree v6.18 --patch mmu-notifier-async-oom-v2 --iterations 20
  $ scythe run kvm-oom/reap --json --save-replay found.replay

Exit codes: 0 as expected, 1 not as expected, 2 bad usage or input, 3 internal error.`;

const LIST_EXAMPLES = `
Examples:
  $ scythe list trees
  $ scythe list patches --json`;

const REPLAY_EXAMPLES = `
Examples:
  $ scythe run kvm-oom/reap --save-replay found.replay
  $ scythe replay found.replay --dmesg -

Exit codes: 0 the same run, 1 another run, 2 bad usage or input, 3 internal error.`;

const EXPLAIN_EXAMPLES = `
Examples:
  $ scythe run kvm-oom/reap --save-replay found.replay
  $ scythe explain found.replay
  $ scythe explain found.replay --format html > found.html

Exit codes: 0 explained, 1 nothing to explain or another run, 2 bad usage or input, 3 internal error.`;

/** The command line: arguments in, an exit code out. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.MET;
  const program = new Command('scythe')
    .description('A lab for the races between those who free memory and those who still use it.')
    .version(VERSION)
    .showHelpAfterError('(`scythe --help` shows what there is)')
    .exitOverride();

  program
    .command('run')
    .summary('run a scenario')
    .description('Runs a scenario on the modelled kernel and says whether it went as expected.')
    .argument('<scenario>', 'a file, `-` for standard input, or the name of a bundled scenario')
    .option('--tree <tree>', 'kernel era to boot')
    .option(
      '--patch <patch>',
      "patch to lay over it, in place of the scenario's own; repeatable, `none` for none",
      collect,
    )
    .option('--config <option=value>', 'Kconfig option: K=y, K=n, HZ=1000; repeatable', collectConfig)
    .option('--append <argument>', 'boot argument; repeatable', collect)
    .option('--seed <number>', 'seed of the first iteration', wholeNumber(0))
    .option('--iterations <number>', 'runs, each with the next seed', wholeNumber(1))
    .option('--json', 'print one JSON document')
    .option('--dmesg <file>', 'write the kernel log; `-` for standard output')
    .option('--ftrace <file>', 'write the trace events as ftrace text')
    .option(
      '--save-replay <file>',
      'write a replay of the first run that is not as expected, else of the first',
    )
    .addHelpText('after', RUN_EXAMPLES)
    .action(async (scenario: string, flags: RunFlags) => {
      refuseTwoOnStdout(flags);
      code = await run(scenario, flags);
    });

  program
    .command('replay')
    .summary('compute a recorded run again')
    .description('Computes a recorded run again and says whether it is the same.')
    .argument('<file>', 'a replay file')
    .option('--json', 'print one JSON document')
    .option('--dmesg <file>', 'write the kernel log; `-` for standard output')
    .option('--ftrace <file>', 'write the trace events as ftrace text')
    .addHelpText('after', REPLAY_EXAMPLES)
    .action((file: string, flags: ReplayFlags) => {
      refuseTwoOnStdout(flags);
      code = replay(file, flags);
    });

  program
    .command('explain')
    .summary('draw what led to a report')
    .description(
      'Computes a recorded run again and shows, task beside task, what led to its report, and why.',
    )
    .argument('<file>', 'a replay file')
    .addOption(new Option('--format <format>', 'how to draw it').choices(FORMATS).default('text'))
    .option(
      '--report <number>',
      'which report of the run; by default the one it was saved for',
      wholeNumber(1),
    )
    .addHelpText('after', EXPLAIN_EXAMPLES)
    .action((file: string, flags: ExplainFlags) => {
      code = explainReplayed(file, flags);
    });

  program
    .command('list')
    .summary('list what scenarios and options can name')
    .description('Lists what scenarios and options can name.')
    .addArgument(new Argument('<what>', 'which list').choices(LISTS))
    .addOption(new Option('--json', 'print a JSON array'))
    .addHelpText('after', LIST_EXAMPLES)
    .action((what: ListName, flags: { json?: boolean }) => {
      code = list(what, flags);
    });

  program.addHelpText('after', RUN_EXAMPLES);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    return explain(error);
  }
  return code;
}

/** Says what went wrong, on standard error, in terms of who can repair it. */
function explain(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.MET : EXIT.BAD_INPUT;
  if (error instanceof InputError) {
    for (const issue of error.issues) process.stderr.write(`${formatIssue(issue)}\n`);
    return EXIT.BAD_INPUT;
  }
  const bug = error instanceof ScytheBug ? '' : 'bug in Scythe: ';
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${bug}${text}\nPlease report this with the command line and the scenario.\n`);
  return EXIT.INTERNAL;
}

function refuseTwoOnStdout(flags: {
  readonly json?: boolean;
  readonly dmesg?: string;
  readonly ftrace?: string;
}): void {
  const users = [
    flags.json === true ? '--json' : null,
    flags.dmesg === '-' ? '--dmesg -' : null,
    flags.ftrace === '-' ? '--ftrace -' : null,
  ].filter((user) => user !== null);
  if (users.length < 2) return;
  const issue = {
    line: 0,
    column: 0,
    path: [],
    code: 'contradiction',
    fix: 'give one of them a file',
  } as const;
  throw new InputError([{ ...issue, file: users[1], message: `standard output is taken by ${users[0]}` }]);
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function collectConfig(text: string, before: readonly ConfigChange[] = []): ConfigChange[] {
  const match = /^(\w+)=(y|n|\d{1,6})$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Write OPTION=y, OPTION=n, or a number as in HZ=1000.');
  const value = match[2] === 'y' || match[2] === 'n' ? match[2] : Number(match[2]);
  return [...before, { name: match[1], value }];
}

function wholeNumber(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Write a whole number from ${least} on.`);
    }
    return value;
  };
}

process.exitCode = await main(process.argv.slice(2));

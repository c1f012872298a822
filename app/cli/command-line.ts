import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ScytheBug } from '../base/assert.ts';
import type { ConfigChange } from '../kernel/kconfig.ts';
import { formatIssue, InputError } from '../scenario/issues.ts';
import { explain as explainReplayed, type ExplainFlags } from './commands/explain.ts';
import { diff } from './commands/diff.ts';
import { explore, type ExploreFlags } from './commands/explore.ts';
import { list, LISTS, type ListName } from './commands/list.ts';
import { matrix, type MatrixFlags } from './commands/matrix.ts';
import { replay, type ReplayFlags } from './commands/replay.ts';
import { run, type RunFlags } from './commands/run.ts';
import { FORMATS } from '../trace/diagram/explanation.ts';
import { STRATEGIES } from '../scenario/schema.ts';
import { parseDuration } from '../scenario/units.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { MATRIX_FORMATS } from './matrix-render.ts';
import { VERSION } from '../base/version.ts';

const RUN_EXAMPLES = `
Examples:
  $ scythe run scenarios/kvm-oom/reap.yaml --dmesg -
  $ scythe run kvm-oom/reap --config PREEMPT_RT=n
  $ scythe run kvm-oom/reap --tree v6.18 --patch mmu-notifier-async-oom-v2 --iterations 20
  $ scythe run kvm-oom/reap --json --save-replay found.replay
  $ scythe run exit-mmap-mmap-lock/cost --lockstat --iterations 50

Exit codes: 0 as expected, 1 not as expected, 2 bad usage or input, 3 internal error.`;

const LIST_EXAMPLES = `
Examples:
  $ scythe list trees
  $ scythe list patches --json`;

const DIFF_EXAMPLES = `
Examples:
  $ scythe diff v5.16 v5.17
  $ scythe diff v4.13 v4.14 --json`;

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

const EXPLORE_EXAMPLES = `
Examples:
  $ scythe explore kvm-oom/search-close
  $ scythe explore kvm-oom/search-close --patch mmu-notifier-async-oom-v2 --save-replays found
  $ scythe explore kvm-oom/search-run --preemptions 2 --time 30s
  $ scythe explore kvm-oom/search-close --workers 2 --checkpoint long.json
  $ scythe explore --resume long.json
  $ scythe explore --program lastzero:10 --strategy dpor --json

Exit codes: 0 as expected (without expectations: nothing found), 1 not, 2 bad usage or input, 3 internal error.`;

const MATRIX_EXAMPLES = `
Examples:
  $ scythe matrix kvm-oom/reap --patches none oom-enter-unregister-deferred mmu-notifier-async-oom-v2
  $ scythe matrix kvm-oom/reap --trees v6.12 v6.18 --config PREEMPT_RT=y PREEMPT_RT=n --format markdown
  $ scythe matrix kvm-oom/search-close --patches none mmu-notifier-async-oom-v2 --explore --time 20s
  $ scythe matrix oom-reaper-exit-mmap/matrix

Exit codes: 0 all as expected, 1 not, 2 bad usage or input, 3 internal error.`;

const RECORD_EXAMPLES = `
Examples:
  $ scythe record -o session.yaml --run v6.12
  $ scythe record --cast session.cast --run v6.12 --patch mmu-notifier-async-oom-v2
  $ scythe run session.yaml`;

/** The command line: arguments in, an exit code out. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.MET;
  const program = new Command('scythe')
    .description('A lab for the races between those who free memory and those who still use it.')
    .version(VERSION)
    .showHelpAfterError('(`scythe --help` shows what there is)')
    .enablePositionalOptions()
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
    .option('--lockstat', 'count lock contention, wait and hold times, and print /proc/lock_stat')
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
    .command('explore')
    .summary('search the interleavings of a scenario')
    .description('Searches which interleavings of a scenario go wrong, or shows that none does.')
    .argument('[scenario]', 'a file, `-` for standard input, or the name of a bundled scenario')
    .option('--program <name:count>', 'a small benchmark program in place of a scenario: lastzero:10')
    .option('--tree <tree>', 'kernel era to boot')
    .option('--patch <patch>', "patch in place of the scenario's own; repeatable, `none` for none", collect)
    .option('--config <option=value>', 'Kconfig option; repeatable', collectConfig)
    .option('--append <argument>', 'boot argument; repeatable', collect)
    .addOption(new Option('--strategy <strategy>', 'how to search').choices(STRATEGIES))
    .option('--preemptions <number>', 'search up to so many preemptions (bounded)', wholeNumber(0))
    .option('--depth <number>', 'ordering constraints to aim at (pct)', wholeNumber(1))
    .option('--seed <number>', 'seed of what is drawn (pct, random)', wholeNumber(0))
    .option('--executions <number>', 'stop after so many executions', wholeNumber(1))
    .option('--time <duration>', 'stop after so much time: 30s, 5min', milliseconds)
    .option('--stop-at-first', 'stop when something was found')
    .option('--keep-going', 'go on when something was found, the default')
    .option('--workers <number>', 'threads to spread the search over; the result is the same', wholeNumber(1))
    .option('--checkpoint <file>', 'write now and then what is needed to go on later (dpor)')
    .option('--resume <file>', 'go on with a search from its checkpoint')
    .option('--save-replays <folder>', 'write a replay of the shortest execution of each outcome')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXPLORE_EXAMPLES)
    .action(async (scenario: string | undefined, flags: ExploreFlags) => {
      code = await explore(scenario, flags);
    });

  program
    .command('matrix')
    .summary('compare kernels')
    .description(
      'Runs or explores a scenario on each combination of kernels and prints a table; or fills the table of a matrix file.',
    )
    .argument('<scenario>', 'a scenario or a matrix.yaml: a file, or its bundled name')
    .option('--trees <tree...>', 'kernel eras')
    .option('--patches <set...>', 'sets of patches: names joined by `+`, or `none`')
    .option('--config <set...>', 'sets of options: `K=y` joined by `,`', collectConfigSets)
    .option('--explore', 'search the interleavings instead of one timed run')
    .addOption(new Option('--strategy <strategy>', 'how to search').choices(STRATEGIES))
    .option('--preemptions <number>', 'search up to so many preemptions', wholeNumber(0))
    .option('--executions <number>', 'stop each search after so many executions', wholeNumber(1))
    .option('--time <duration>', 'stop each search after so much time', milliseconds)
    .option('--stop-at-first', 'stop a search when something was found')
    .option('--workers <number>', 'threads to spread each search over', wholeNumber(1))
    .option('--iterations <number>', 'runs, each with the next seed', wholeNumber(1))
    .addOption(new Option('--format <format>', 'what to print').choices(MATRIX_FORMATS).default('text'))
    .addHelpText('after', MATRIX_EXAMPLES)
    .action(async (scenario: string, flags: MatrixFlags) => {
      code = await matrix(scenario, flags);
    });

  program
    .command('diff')
    .summary('compare two kernel eras')
    .description(
      'Says which functions of the modelled kernel differ between two trees, and how, in a line each.',
    )
    .argument('<from>', 'a tree')
    .argument('<to>', 'another one')
    .addOption(new Option('--json', 'print one JSON document'))
    .addHelpText('after', DIFF_EXAMPLES)
    .action((from: string, to: string, flags: { json?: boolean }) => {
      code = diff(from, to, flags);
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

  program
    .command('vng')
    .summary('open the console of a guest, as virtme-ng does')
    .description(
      'The command `vng`: everything after it is for that one. `scythe vng --help` shows its options.',
    )
    .argument('[arguments...]', 'options of vng, and a command for the guest')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      code = await vng(args);
    });

  program
    .command('record')
    .summary('open a console and save what is typed as a scenario')
    .description(
      'Opens a guest as `scythe vng` does; what was typed becomes a scenario when the session ends.',
    )
    .argument('[arguments...]', 'options of vng')
    .option('-o, --output <file>', 'the scenario; before all options of vng')
    .option('--cast <file>', 'record the terminal too, as asciicast v2')
    .addHelpText('after', RECORD_EXAMPLES)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[], { output, cast }: { output?: string; cast?: string }) => {
      const record = output === undefined ? [] : [`--record=${output}`];
      code = await vng([...record, ...(cast === undefined ? [] : [`--asciicast=${cast}`]), ...args]);
    });

  program.addHelpText('after', RUN_EXAMPLES);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    return explain(error);
  }
  return code;
}

/** Loaded when it is asked for: nothing else needs a console. */
async function vng(args: readonly string[]): Promise<number> {
  const { main: runVng } = await import('../vng/main.ts');
  return runVng(args);
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

function collectConfigSets(text: string, before: readonly ConfigChange[][] = []): ConfigChange[][] {
  const set = text.split(',').reduce<ConfigChange[]>((all, each) => collectConfig(each, all), []);
  return [...before, set];
}

function milliseconds(text: string): number {
  const ns = parseDuration(text);
  if (ns === null || ns <= 0) throw new InvalidArgumentError('Write a duration such as 30s or 5min.');
  return ns / 1e6;
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

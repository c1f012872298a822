import { Arguments } from './arguments.ts';
import { parseArguments, UsageError } from './argparse.ts';
import { EXIT, VngFailure } from './failure.ts';
import { processHost, type Host } from './host.ts';
import { EMULATED_VERSION } from './options.ts';
import { formatHelp, formatUsage } from './usage.ts';
import { withDefaults } from './user-config.ts';

/**
 * `vng`: arguments in, an exit code out. What only some uses need is loaded when it is needed, so that a prompt is
 * there at once.
 */
export async function main(argv: readonly string[], host: Host = processHost()): Promise<number> {
  try {
    return await run(argv, host);
  } catch (error) {
    if (error instanceof UsageError) {
      host.err(`${formatUsage(host.columns)}vng: error: ${error.message}\n`);
      return EXIT.USAGE;
    }
    if (error instanceof VngFailure) {
      if (error.showsUsage) host.out(formatUsage(host.columns));
      host.err(`${error.message}\n`);
      return error.code;
    }
    throw error;
  }
}

async function run(argv: readonly string[], host: Host): Promise<number> {
  const read = parseArguments(argv);
  if ('shows' in read) {
    host.out(read.shows === 'help' ? formatHelp(host.columns) : `virtme-ng ${EMULATED_VERSION}\n`);
    return EXIT.DONE;
  }
  const args = new Arguments(withDefaults(read, (text) => host.err(`${text}\n`)));
  const completion = args.text('completion');
  if (completion !== null) {
    const { completionScript } = await import('./completion.ts');
    host.out(completionScript(completion));
    return EXIT.DONE;
  }
  args.check();
  const shortcomings = args.shortcomings();
  for (const { text } of shortcomings) host.err(`vng: ${text}\n`);
  if (shortcomings.some(({ stops }) => stops)) return EXIT.FAILED;
  if (args.action !== 'run') {
    const { configureKernel } = await import('./configure.ts');
    return configureKernel(args, host);
  }
  return boot(args, host);
}

async function boot(args: Arguments, host: Host): Promise<number> {
  const { planKernel } = await import('./kernel-plan.ts');
  const scenario = args.text('scenario');
  const plan = planKernel(args, host, scenario === null ? null : await loadScenario(scenario, args));
  if (args.has('dry_run')) {
    const { dryRun } = await import('./dry-run.ts');
    host.out(dryRun(args, plan, host));
    return EXIT.DONE;
  }
  if (args.command !== null) {
    const { runScript } = await import('./script.ts');
    return runScript(args, plan, host);
  }
  const { runInteractive } = await import('./interactive.ts');
  return runInteractive(args, plan, host);
}

async function loadScenario(file: string, args: Arguments) {
  const { planOfScenario } = await import('./scenario-plan.ts');
  return planOfScenario(file, args);
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Checkpoint } from '../../explore/shared.ts';
import type { ConfigChange } from '../../kernel/kconfig.ts';
import { InputError } from '../../scenario/issues.ts';
import type { Overrides } from '../../scenario/resolve.ts';
import {
  budgetOf,
  findOf,
  open,
  replayOf,
  searchOf,
  settingsOf,
  type Find,
  type Opened,
  type Settings,
  type StrategyName,
  type Target,
} from '../../scenario/search.ts';
import { judgeSearch } from '../../scenario/search-verdict.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { findScenario, print, readText, writeText } from '../files.ts';
import { documentOf, renderSearch, renderSearchHead, type Explored } from '../search-render.ts';
import { Palette } from '../terminal.ts';
import { InBlocks } from '../workers/blocks.ts';
import { InOneGo, isAtEnd, type Driver, type Limits } from '../workers/driver.ts';
import { Sharing } from '../workers/sharing.ts';
import { SearchProgress } from '../search-progress.ts';

export interface ExploreFlags {
  readonly tree?: string;
  readonly patch?: readonly string[];
  readonly config?: readonly ConfigChange[];
  readonly append?: readonly string[];
  readonly program?: string;
  readonly strategy?: StrategyName;
  readonly preemptions?: number;
  readonly depth?: number;
  readonly seed?: number;
  readonly executions?: number;
  /** Milliseconds. */
  readonly time?: number;
  readonly stopAtFirst?: boolean;
  readonly keepGoing?: boolean;
  readonly workers?: number;
  readonly checkpoint?: string;
  readonly resume?: string;
  readonly saveReplays?: string;
  readonly json?: boolean;
}

/** `scythe explore`: searches what the interleavings of a scenario, or of a small program, can come to. */
export async function explore(named: string | undefined, flags: ExploreFlags): Promise<ExitCode> {
  const saved = flags.resume === undefined ? null : readCheckpoint(flags.resume);
  const opened = open(saved?.target ?? targetOf(named, flags));
  const settings = saved?.settings ?? settingsOf(opened, flags);
  refuseContradictions(named, flags, settings);

  const palette = Palette.of(process.stdout);
  const json = flags.json === true;
  if (!json) print(renderSearchHead(opened, settings, palette));

  const startedMs = performance.now() - (saved?.elapsedMs ?? 0);
  const limits = limitsOf(opened, flags);
  const driver = driverOf(opened, settings, flags, limits, saved?.checkpoint ?? null);
  const interrupted = await drive(driver, limits, (atEnd) => {
    saveCheckpoint(flags, opened, settings, driver, performance.now() - startedMs, atEnd);
  });
  await driver.close();
  const elapsedMs = performance.now() - startedMs;

  const explored = conclude(opened, settings, driver, elapsedMs, flags.saveReplays);
  if (json) print(`${JSON.stringify(documentOf(explored), null, 2)}\n`);
  else print(renderSearch(explored, palette));
  if (interrupted) return EXIT.INTERRUPTED;
  return explored.failures.length === 0 ? EXIT.MET : EXIT.NOT_MET;
}

/** What a search is to be done with, once: for `scythe matrix`. */
export async function exploreOnce(target: Target, flags: ExploreFlags): Promise<Explored> {
  const opened = open(target);
  const settings = settingsOf(opened, flags);
  const startedMs = performance.now();
  const limits = limitsOf(opened, flags);
  const driver = driverOf(opened, settings, flags, limits, null);
  await drive(driver, limits, () => undefined);
  await driver.close();
  return conclude(opened, settings, driver, performance.now() - startedMs, flags.saveReplays);
}

function targetOf(named: string | undefined, flags: ExploreFlags): Target {
  if (flags.program !== undefined) return { kind: 'program', name: flags.program };
  if (named === undefined)
    throw refusal('explore', 'nothing to explore', 'name a scenario, or give --program');
  const text = readText(findScenario(named), '`scythe list scenarios` shows the bundled ones');
  const { tree, patch, config, append } = flags;
  const overrides: Overrides = {
    ...(tree === undefined ? {} : { tree }),
    ...(patch === undefined ? {} : { patches: patch.filter((name) => name !== 'none') }),
    ...(config === undefined ? {} : { config }),
    ...(append === undefined ? {} : { append }),
  };
  return { kind: 'scenario', name: named, text, overrides };
}

function refuseContradictions(named: string | undefined, flags: ExploreFlags, settings: Settings): void {
  const { strategy } = settings;
  const kernelFlags = [flags.tree, flags.patch, flags.config, flags.append].some(
    (flag) => flag !== undefined,
  );
  if (flags.resume !== undefined) {
    if (named !== undefined || flags.program !== undefined || flags.strategy !== undefined || kernelFlags) {
      throw refusal('--resume', 'the checkpoint says what is searched, and how', 'leave the rest out');
    }
  }
  if (flags.program !== undefined) {
    if (named !== undefined)
      throw refusal('--program', `"${named}" is to be explored, too`, 'give one of them');
    if (kernelFlags) throw refusal('--program', 'a program has no kernel', 'leave the kernel options out');
    if (flags.saveReplays !== undefined) {
      throw refusal('--save-replays', 'replays are of scenarios', '--json has the schedules of a program');
    }
  }
  if (flags.depth !== undefined && strategy !== 'pct') {
    throw refusal('--depth', `the strategy "${strategy}" has no depth`, 'use --strategy pct');
  }
  if (flags.preemptions !== undefined && strategy !== 'bounded') {
    throw refusal('--preemptions', `the strategy "${strategy}" has no bound`, 'use --strategy bounded');
  }
  const inParts = flags.checkpoint !== undefined || flags.resume !== undefined;
  if (inParts && strategy !== 'dpor') {
    throw refusal(
      '--checkpoint',
      `a search by "${strategy}" cannot be taken up again`,
      'use --strategy dpor',
    );
  }
  if (flags.workers !== undefined && !SPLIT.has(strategy)) {
    const fix = 'use dpor, pct or random, or leave --workers out';
    throw refusal('--workers', `a search by "${strategy}" cannot be split`, fix);
  }
  if (flags.stopAtFirst === true && flags.keepGoing === true) {
    throw refusal('--stop-at-first', '--keep-going says the opposite', 'give one of them');
  }
}

function driverOf(
  opened: Opened,
  settings: Settings,
  { workers }: ExploreFlags,
  { stopAtFirst }: Limits,
  from: Checkpoint | null,
): Driver {
  if (settings.strategy === 'dpor') return new Sharing(opened, settings, workers ?? 1, stopAtFirst, from);
  if (workers !== undefined) return new InBlocks(opened, settings, workers);
  return new InOneGo(searchOf(opened.program, settings));
}

function limitsOf(opened: Opened, flags: ExploreFlags): Limits {
  const budget = budgetOf(opened);
  const ms = flags.time ?? budget.ms ?? Infinity;
  const deadline = performance.now() + ms;
  return {
    executions: flags.executions ?? budget.executions ?? Infinity,
    stopAtFirst: flags.stopAtFirst ?? (flags.keepGoing !== true && isStopAtFirst(opened)),
    isOver: () => performance.now() >= deadline,
  };
}

function isStopAtFirst({ plan }: Opened): boolean {
  return plan?.scenario.search?.stopAtFirst === true;
}

/** Strategies that threads can share. */
const SPLIT: ReadonlySet<StrategyName> = new Set(['dpor', 'pct', 'random']);

const CHECKPOINT_EVERY_MS = 10_000;

/** Searches until the end or a limit. True if Ctrl-C was pressed. */
async function drive(driver: Driver, limits: Limits, save: (atEnd: boolean) => void): Promise<boolean> {
  const progress = new SearchProgress(process.stderr);
  let interrupted = false;
  const onInterrupt = () => {
    interrupted = true;
  };
  const isOver = () => interrupted || limits.isOver();
  process.once('SIGINT', onInterrupt);
  let savedMs = performance.now();
  try {
    while (!isAtEnd(driver, { ...limits, isOver })) {
      await driver.step({ ...limits, isOver });
      progress.tell(driver);
      if (performance.now() - savedMs < CHECKPOINT_EVERY_MS) continue;
      save(false);
      savedMs = performance.now();
    }
    save(true);
  } finally {
    process.off('SIGINT', onInterrupt);
    progress.end();
  }
  return interrupted;
}

/** Makes what was found presentable: small schedules, replay files, a verdict. */
function conclude(
  opened: Opened,
  settings: Settings,
  driver: Driver,
  elapsedMs: number,
  folder: string | undefined,
): Explored {
  const finds = driver.outcomes.map((outcome) => findOf(opened, settings, outcome));
  const replays = folder === undefined ? [] : finds.map((find, i) => saveReplay(opened, find, folder, i + 1));
  const { statistics, coverage } = driver;
  const failures = judgeSearch(opened.plan, { outcomes: finds, coverage });
  return { opened, settings, statistics, coverage, finds, replays, failures, elapsedMs };
}

function saveReplay(opened: Opened, find: Find, folder: string, number: number): string {
  const text = replayOf(opened, find);
  if (text === null) throw new Error('a program has no replay');
  const slug = find.title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
  const path = join(folder, `${String(number).padStart(2, '0')}-${slug}.replay`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw refusal(
      path,
      `cannot be written: ${(error as Error).message}`,
      'name a folder that can be written',
    );
  }
  return path;
}

const CHECKPOINT_VERSION = 2;

interface Saved {
  readonly scytheCheckpoint: typeof CHECKPOINT_VERSION;
  readonly target: Target;
  readonly settings: Settings;
  readonly elapsedMs: number;
  readonly checkpoint: Checkpoint;
}

function saveCheckpoint(
  flags: ExploreFlags,
  { target }: Opened,
  settings: Settings,
  driver: Driver,
  elapsedMs: number,
  atEnd: boolean,
): void {
  const path = flags.checkpoint ?? (atEnd ? flags.resume : undefined);
  if (path === undefined) return;
  const checkpoint = driver.checkpoint();
  if (checkpoint === null) return;
  const saved: Saved = { scytheCheckpoint: CHECKPOINT_VERSION, target, settings, elapsedMs, checkpoint };
  writeText(path, `${JSON.stringify(saved)}\n`);
}

const checkpointSchema = z.object({
  scytheCheckpoint: z.literal(CHECKPOINT_VERSION),
  target: z.object({ kind: z.enum(['program', 'scenario']), name: z.string() }).loose(),
  settings: z.object({ strategy: z.literal('dpor') }).loose(),
  elapsedMs: z.number(),
  checkpoint: z.object({ version: z.literal(2), levels: z.array(z.object({}).loose()) }).loose(),
});

function readCheckpoint(path: string): Saved {
  const text = readText(path, 'checkpoints are written by `scythe explore --checkpoint FILE`');
  try {
    const value: unknown = JSON.parse(text);
    if (checkpointSchema.safeParse(value).success) return value as Saved;
  } catch {
    // Told below: no JSON is no checkpoint.
  }
  throw refusal(
    path,
    'is no checkpoint of this Scythe',
    'was the file cut off, or written by another version?',
  );
}

function refusal(place: string, message: string, fix: string): InputError {
  const at = { file: place, line: 0, column: 0, path: [] };
  return new InputError([{ ...at, code: 'contradiction', message, fix }]);
}

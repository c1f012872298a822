import { stringify } from 'yaml';
import { z } from 'zod';
import { formatSchedule, parseSchedule, type Schedule } from '../sim/schedule.ts';
import { InputError } from './issues.ts';
import { load, loadScenario } from './load.ts';
import { resolve, type Catalogue, type Overrides, type Plan } from './resolve.ts';
import type { Limits } from './yaml-source.ts';

/**
 * A replay file, version 1: the inputs of one run and its schedule, never its trace. From them the run is
 * computed again; the event hash tells whether it is the same.
 */
export const REPLAY_VERSION = 1;

/** How virtual time passed: as the cost model says, or a nanosecond per operation, as in a search. */
export const CLOCKS = ['timed', 'steps'] as const;
export type ReplayClock = (typeof CLOCKS)[number];

export interface ReplayFile {
  /** What is to be seen: the first title, or how the run ended. */
  readonly title: string;
  /** The scenario as the user named it, and its text. */
  readonly scenario: { readonly name: string; readonly text: string };
  readonly overrides: Overrides;
  readonly seed: number;
  readonly clock: ReplayClock;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly eventHash: string;
}

const LIMITS: Limits = { bytes: 128 * 1024 * 1024, depth: 32 };

const text = (longest: number) => z.string().min(1).max(longest);

const replaySchema = z.strictObject({
  scytheReplay: z
    .literal(REPLAY_VERSION)
    .meta({ fix: `this Scythe reads replay files of version ${REPLAY_VERSION}` }),
  title: text(1000),
  scenario: z.strictObject({ name: text(1000), text: text(1024 * 1024) }),
  kernel: z
    .strictObject({
      tree: text(100).optional(),
      patches: z.array(text(200)).max(32).optional(),
      config: z.record(text(100), z.union([z.literal('y'), z.literal('n'), z.number().int()])).optional(),
      append: z.array(text(200)).max(64).optional(),
    })
    .optional(),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  clock: z.enum(CLOCKS),
  steps: z.number().int().min(0),
  eventHash: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .meta({ fix: 'sixteen hexadecimal digits, in quotes' }),
  schedule: z.string().max(LIMITS.bytes),
});

/** A replay file as text. */
export function formatReplay(replay: ReplayFile): string {
  const { tree, patches, config = [], append } = replay.overrides;
  const kernel = {
    ...(tree === undefined ? {} : { tree }),
    ...(patches === undefined ? {} : { patches }),
    ...(config.length === 0
      ? {}
      : { config: Object.fromEntries(config.map(({ name, value }) => [name, value])) }),
    ...(append === undefined || append.length === 0 ? {} : { append }),
  };
  const head = stringify(
    {
      scytheReplay: REPLAY_VERSION,
      title: replay.title,
      scenario: replay.scenario,
      ...(Object.keys(kernel).length === 0 ? {} : { kernel }),
      seed: replay.seed,
      clock: replay.clock,
      steps: replay.steps,
      eventHash: replay.eventHash,
    },
    { lineWidth: 0, blockQuote: 'literal', singleQuote: true, defaultStringType: 'PLAIN' },
  );
  const lines = wrap(formatSchedule(replay.schedule), 108).map((line) => `  ${line}\n`);
  return `# A run of Scythe: \`scythe replay FILE\` computes it again.\n${head}schedule: |\n${lines.join('')}`;
}

/** Reads a replay file. Throws an InputError with all its issues. */
export function parseReplay(content: string, file: string): ReplayFile {
  const result = load(content, file, replaySchema, LIMITS);
  if (!result.ok) throw new InputError(result.issues);
  const { value, source } = result;
  const schedule = parseSchedule(value.schedule);
  if (schedule === null) {
    const fix = 'numbers and n*k, separated by blanks; was the file cut off?';
    throw new InputError([source.issue(['schedule'], 'wrong-form', 'schedule is no schedule', fix)]);
  }
  const { tree, patches, config = {}, append } = value.kernel ?? {};
  return {
    title: value.title,
    scenario: value.scenario,
    overrides: {
      ...(tree === undefined ? {} : { tree }),
      ...(patches === undefined ? {} : { patches }),
      config: Object.entries(config).map(([name, setting]) => ({ name, value: setting })),
      ...(append === undefined ? {} : { append }),
    },
    seed: value.seed,
    clock: value.clock,
    schedule,
    steps: value.steps,
    eventHash: value.eventHash,
  };
}

/** What a replay file is a run of. Throws an InputError. */
export function planOf(replay: ReplayFile, catalogue: Catalogue): Plan {
  const { name, text: scenario } = replay.scenario;
  const loaded = loadScenario(scenario, name);
  if (!loaded.ok) throw new InputError(loaded.issues);
  return resolve(loaded.value, loaded.source, catalogue, replay.overrides);
}

function wrap(words: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

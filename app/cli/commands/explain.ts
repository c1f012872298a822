import { catalogue } from '../../scenario/catalogue.ts';
import { explainReplay, LONGEST_EXPLAINED, type Explained } from '../../scenario/explain.ts';
import { InputError } from '../../scenario/issues.ts';
import { parseReplay, planOf, type ReplayFile } from '../../scenario/replay.ts';
import { Divergence } from '../../sim/schedule.ts';
import type { Format } from '../../trace/diagram/explanation.ts';
import { render } from '../../trace/diagram/render.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { print, readText } from '../files.ts';

export interface ExplainFlags {
  readonly format: Format;
  readonly report?: number;
}

/** `scythe explain`: draws what led to a report of a recorded run, and says why. */
export function explain(path: string, flags: ExplainFlags): ExitCode {
  const file = parseReplay(
    readText(path, 'replay files are written by `scythe run --save-replay FILE`'),
    path,
  );
  if (file.steps > LONGEST_EXPLAINED) throw tooLong(path, file);
  let explained: Explained;
  try {
    explained = explainReplay(file, planOf(file, catalogue), flags.report ?? null);
  } catch (error) {
    if (!(error instanceof Divergence)) throw error;
    process.stderr.write(`${path}: ${error.message}\n${CAUSE}`);
    return EXIT.NOT_MET;
  }
  const { run, titles, explanation } = explained;
  if (run.eventHash !== file.eventHash) {
    process.stderr.write(`${path}: the replay is another run than the one recorded\n${CAUSE}`);
    return EXIT.NOT_MET;
  }
  if (explanation !== null) {
    print(render(explanation, flags.format));
    return EXIT.MET;
  }
  process.stderr.write(`${path}: ${nothingToExplain(explained, flags.report)}`);
  return titles.length === 0 ? EXIT.NOT_MET : EXIT.BAD_INPUT;
}

function nothingToExplain({ run, titles }: Explained, which = 0): string {
  if (titles.length === 0) return `there is no report to explain: ${run.outcome.text}\n`;
  const list = titles.map((title, i) => `  ${i + 1}  ${title}\n`).join('');
  return `there is no report ${which}; the run has these:\n${list}`;
}

function tooLong(path: string, { steps }: ReplayFile): InputError {
  const place = { file: path, line: 0, column: 0, path: ['steps'], code: 'too-large' } as const;
  return new InputError([
    {
      ...place,
      message: `the run has ${steps} operations, more than the ${LONGEST_EXPLAINED} that can be explained`,
      fix: 'record one that comes to the report sooner: less guest time, fewer rounds',
    },
  ]);
}

const CAUSE =
  'The file was changed, or it comes from a Scythe whose kernel model differs: record it again.\n';

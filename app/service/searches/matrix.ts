import { InputError } from '../../scenario/issues.ts';
import type { Checked } from '../area.ts';
import type { MatrixState } from '../contract/search.ts';
import { ServiceError } from '../contract/wire.ts';
import { planOfRequest, requestOf, type Request } from '../scenario/plan.ts';
import type { RowNews } from '../threads/matrix-job.ts';

export interface Variant {
  readonly name: string;
  /** Null if there is no such kernel; then `refused` says why. */
  readonly request: Request | null;
  readonly refused: string | null;
}

/** Rows of one matrix. */
const MOST_ROWS = 500;

/** Every combination of trees, sets of patches and configurations. Where nothing is named, it is as the scenario has it. */
export function rowsOf({ text, path, trees, patches, configs }: Checked<'matrix/start'>): Variant[] {
  // What is wrong with the scenario itself is told for all rows at once.
  planOfRequest(requestOf(text, path, {}));
  const variants: Variant[] = [];
  for (const tree of orNull(trees)) {
    for (const set of orNull(patches)) {
      for (const config of orNull(configs)) {
        const settings = Object.entries(config ?? {}).map(([name, value]) => `${name}=${show(value)}`);
        const named = set === null ? [] : set.length === 0 && patches.length > 1 ? ['no patch'] : set;
        const name = [...(tree === null ? [] : [tree]), ...named, ...settings].join(' ') || 'as it is';
        const request = requestOf(text, path, {
          ...(tree === null ? {} : { tree }),
          ...(set === null ? {} : { patches: set }),
          ...(config === null ? {} : { config }),
        });
        variants.push(variantOf(name, request));
      }
    }
  }
  if (variants.length > MOST_ROWS) {
    throw new ServiceError('too-large', `${variants.length} kernels are too many`, `at most ${MOST_ROWS}`);
  }
  return variants;
}

function variantOf(name: string, request: Request): Variant {
  try {
    planOfRequest(request);
    return { name, request, refused: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { name, request: null, refused: error.issues[0].message };
  }
}

/** The matrix with one more row done. Titles that are new become columns. */
export function withRow(state: MatrixState, { index, verdict, of, counts, note }: RowNews): MatrixState {
  const columns = [
    ...state.columns,
    ...counts.map(([title]) => title).filter((title) => !state.columns.includes(title)),
  ];
  const byTitle = new Map(counts);
  const padded = (row: MatrixState['rows'][number]) => ({
    ...row,
    counts: columns.map((_title, i) => row.counts[i] ?? 0),
  });
  const rows = state.rows.map((row, i) =>
    i === index
      ? { name: row.name, verdict, of, counts: columns.map((title) => byTitle.get(title) ?? 0), note }
      : padded(row),
  );
  return { ...state, columns, rows, done: rows.filter((row) => row.verdict !== 'pending').length };
}

function orNull<Value>(list: readonly Value[]): readonly (Value | null)[] {
  return list.length === 0 ? [null] : list;
}

function show(value: boolean | number): string {
  return typeof value === 'number' ? String(value) : value ? 'y' : 'n';
}

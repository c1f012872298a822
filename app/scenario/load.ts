import { z } from 'zod';
import { didYouMean } from '../base/suggest.ts';
import { sortIssues, type Issue, type Path } from './issues.ts';
import { scenarioSchema, type Scenario } from './schema.ts';
import { readYaml, type Limits, type YamlSource } from './yaml-source.ts';

export type LoadResult<Value> =
  | { readonly ok: true; readonly value: Value; readonly source: YamlSource }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Reads a scenario: text in, a checked scenario or all its issues out. Names are checked by resolve.ts. */
export function loadScenario(text: string, file: string): LoadResult<Scenario> {
  return load(text, file, scenarioSchema);
}

/** Reads a YAML document and checks it against a schema. */
export function load<Schema extends z.ZodType>(
  text: string,
  file: string,
  schema: Schema,
  limits?: Limits,
): LoadResult<z.infer<Schema>> {
  const read = readYaml(text, file, limits);
  if (!read.ok) return read;
  const { source } = read;
  const checked = schema.safeParse(source.value);
  if (checked.success) return { ok: true, value: checked.data, source };
  const issues = checked.error.issues.flatMap((issue) => explain(issue, source, schema));
  return { ok: false, issues: sortIssues(issues) };
}

type ZodIssue = z.core.$ZodIssue;

/** One issue of the schema in our words, at its place in the file. */
function explain(issue: ZodIssue, source: YamlSource, schema: z.ZodType): Issue[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  const found = valueAt(source.value, path);
  const fix = fixOf(schemaAt(schema, path));
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysOf(schemaAt(schema, path));
      return issue.keys.map((key) => {
        const guess = didYouMean(key, known);
        const hint = guess === '' ? `known keys: ${known.join(', ')}` : null;
        return source.issue([...path, key], 'unknown-key', `unknown key "${key}"${guess}`, hint, 'key');
      });
    }
    case 'invalid_type':
      return [
        found === undefined ? missing(path, source, fix) : mistyped(path, issue.expected, found, source, fix),
      ];
    case 'invalid_value': {
      if (found === undefined) return [missing(path, source, fix)];
      const allowed = issue.values.map(String);
      const guess = typeof found === 'string' ? didYouMean(found, allowed) : '';
      const message = `${subject(path)} cannot be ${show(found)}${guess}`;
      return [source.issue(path, 'not-allowed', message, fix ?? `use one of: ${allowed.join(', ')}`)];
    }
    case 'too_big':
    case 'too_small':
      return [source.issue(path, 'out-of-range', rangeMessage(issue, path, found), fix)];
    case 'invalid_format':
      return [source.issue(path, 'wrong-form', `${subject(path)} cannot be ${show(found)}`, fix)];
    case 'invalid_key':
      return issue.issues.flatMap((inner) => explain({ ...inner, path: issue.path }, source, schema));
    case 'invalid_union': {
      const branch = issue.errors.find((errors) => errors.some((error) => error.path.length > 0));
      if (branch !== undefined) {
        return branch.flatMap((inner) =>
          explain({ ...inner, path: [...issue.path, ...inner.path] }, source, schema),
        );
      }
      return [source.issue(path, 'not-allowed', `${subject(path)} cannot be ${show(found)}`, fix)];
    }
    case 'custom': {
      const own = (issue.params as { fix?: string } | undefined)?.fix ?? fix;
      return [source.issue(path, 'contradiction', `${subject(path)}: ${issue.message}`, own)];
    }
    default:
      return [source.issue(path, 'wrong-form', `${subject(path)}: ${issue.message}`, fix)];
  }
}

function missing(path: Path, source: YamlSource, fix: string | null): Issue {
  const key = String(path.at(-1) ?? '');
  const parent = path.slice(0, -1);
  const where = parent.length === 0 ? '' : ` in ${subject(parent)}`;
  return source.issue(parent, 'missing-key', `the key "${key}" is missing${where}`, fix, 'key');
}

function mistyped(
  path: Path,
  expected: string,
  found: unknown,
  source: YamlSource,
  fix: string | null,
): Issue {
  const wanted = TYPE_NAMES[expected] ?? expected;
  const message = `${subject(path)} must be ${wanted}, not ${show(found)}`;
  return source.issue(path, 'wrong-type', message, fix ?? repairOf(expected, found));
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

function repairOf(expected: string, found: unknown): string | null {
  if (expected === 'string' && typeof found === 'object' && !Array.isArray(found)) {
    return 'put text that contains `: ` in quotes';
  }
  if (typeof found !== 'string' && typeof found !== 'number' && typeof found !== 'boolean') return null;
  if (expected === 'string') return `put it in quotes: "${found}"`;
  return expected === 'array' ? `write a list: [${found}]` : null;
}

function rangeMessage(
  issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall,
  path: Path,
  found: unknown,
): string {
  const [side, limit] = issue.code === 'too_big' ? ['at most', issue.maximum] : ['at least', issue.minimum];
  if (issue.origin === 'string') {
    return found === ''
      ? `${subject(path)} is empty`
      : `${subject(path)} must have ${side} ${limit} characters`;
  }
  if (issue.origin === 'array') return `${subject(path)} must have ${side} ${limit} items`;
  return `${subject(path)} must be ${side} ${limit}, not ${show(found)}`;
}

/** How a message names a place: `kernel.patches[2]`. */
function subject(path: Path): string {
  if (path.length === 0) return 'the scenario';
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('');
}

/** A value as a message shows it, short. */
function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}

/** The schema of a place: through optional keys, lists, mappings, and the mapping branch of unions. */
function schemaAt(schema: z.ZodType, path: Path): z.ZodType | null {
  let at: z.ZodType | null = bare(schema);
  for (const step of path) {
    if (at instanceof z.ZodUnion)
      at = (at.options as z.ZodType[]).map(bare).find((each) => each instanceof z.ZodObject) ?? null;
    if (at instanceof z.ZodObject) at = (at.shape as Record<string, z.ZodType>)[String(step)] ?? null;
    else if (at instanceof z.ZodArray) at = at.element as z.ZodType;
    else if (at instanceof z.ZodRecord) at = at.valueType as z.ZodType;
    else return null;
    if (at !== null && at !== undefined) at = bare(at);
    else return null;
  }
  return at;
}

function bare(schema: z.ZodType): z.ZodType {
  let at = schema;
  while (at instanceof z.ZodOptional) at = at.unwrap() as z.ZodType;
  return at;
}

function keysOf(schema: z.ZodType | null): string[] {
  const object =
    schema instanceof z.ZodUnion
      ? (schema.options as z.ZodType[]).map(bare).find((each) => each instanceof z.ZodObject)
      : schema;
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function fixOf(schema: z.ZodType | null): string | null {
  return schema?.meta()?.['fix'] ?? null;
}

import type { Path } from './place.ts';

/** As much of JSON Schema as the scenario format uses. */
export interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly title?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** A word that may stand somewhere, and what it means. */
export interface Choice {
  readonly word: string;
  readonly about: string;
  /** What a key's value is: decides what is typed behind it. */
  readonly holds: 'map' | 'list' | 'value';
  readonly required: boolean;
}

/** The schemas that a value at a path has to meet, alternatives taken apart. */
export function schemasAt(root: Schema, path: Path): Schema[] {
  let level = alternatives(root, root);
  for (const step of path) {
    level = level.flatMap((schema) => {
      const next =
        typeof step === 'number' ? schema.items : (schema.properties?.[step] ?? additional(schema));
      return next === undefined ? [] : alternatives(next, root);
    });
  }
  return level;
}

/** The keys of the map at a path. */
export function keysAt(root: Schema, path: Path): Choice[] {
  const choices = new Map<string, Choice>();
  for (const schema of schemasAt(root, path)) {
    for (const [word, property] of Object.entries(schema.properties ?? {})) {
      const required = schema.required?.includes(word) === true;
      choices.set(word, { word, about: aboutOf(property, root), holds: kindOf(property, root), required });
    }
    for (const name of schema.propertyNames === undefined ? [] : alternatives(schema.propertyNames, root)) {
      if (typeof name.const === 'string') {
        choices.set(name.const, {
          word: name.const,
          about: name.description ?? '',
          holds: 'value',
          required: false,
        });
      }
    }
  }
  return [...choices.values()];
}

/** The words that the value at a path may be. */
export function valuesAt(root: Schema, path: Path): Choice[] {
  const choices = new Map<string, Choice>();
  const add = (value: unknown, about: string) => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return;
    const word = String(value);
    if (!choices.has(word)) choices.set(word, { word, about, holds: 'value', required: false });
  };
  for (const schema of schemasAt(root, path)) {
    if (schema.const !== undefined) add(schema.const, schema.description ?? '');
    for (const value of schema.enum ?? []) add(value, schema.description ?? '');
    if (schema.type === 'boolean') for (const value of [true, false]) add(value, schema.description ?? '');
    for (const value of schema.examples ?? []) add(value, 'Example');
  }
  return [...choices.values()];
}

/** What there is to say of a key, or of a value. */
export function describe(root: Schema, path: Path, word: string): string {
  const value = valuesAt(root, path).find((choice) => choice.word === word);
  const key = keysAt(root, path.slice(0, -1)).find((choice) => choice.word === String(path.at(-1)));
  const about = [value?.about ?? '', key?.about ?? ''].filter((text) => text !== '' && text !== 'Example');
  return [...new Set(about)].join('\n\n');
}

function alternatives(schema: Schema, root: Schema): Schema[] {
  const target = resolve(schema, root);
  const others = [...(target.anyOf ?? []), ...(target.oneOf ?? []), ...(target.allOf ?? [])];
  return [target, ...others.flatMap((other) => alternatives(other, root))];
}

function resolve(schema: Schema, root: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = /^#\/\$defs\/(.+)$/.exec(schema.$ref)?.[1];
  const target = name === undefined ? root : root.$defs?.[name];
  return target === undefined ? {} : { ...resolve(target, root), ...withoutRef(schema) };
}

function withoutRef({ $ref: _ref, ...rest }: Schema): Schema {
  return rest;
}

function additional({ additionalProperties }: Schema): Schema | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

function aboutOf(schema: Schema, root: Schema): string {
  const target = resolve(schema, root);
  return target.description ?? target.title ?? '';
}

function kindOf(schema: Schema, root: Schema): Choice['holds'] {
  const types = alternatives(schema, root).map(({ type }) => type);
  if (types.includes('object')) return 'map';
  return types.includes('array') ? 'list' : 'value';
}

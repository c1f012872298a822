import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Parsed } from './argparse.ts';
import { VngFailure } from './failure.ts';
import { destOf, optionTable } from './options.ts';

/** A larger file is no configuration that somebody wrote. */
const MOST_BYTES = 256 * 1024;

/** Where virtme-ng looks for the user's settings; the first that exists counts. */
export function configFiles(home = homedir()): string[] {
  return [
    join(home, '.config/virtme-ng/virtme-ng.conf'),
    join(home, '.virtme-ng.conf'),
    '/etc/virtme-ng.conf',
  ];
}

/** Lays `default_opts` of the user's settings over a command line, as virtme-ng does: they win. */
export function withDefaults(parsed: Parsed, warn: (text: string) => void, files = configFiles()): Parsed {
  const file = files.find((each) => existsSync(each));
  if (file === undefined) return parsed;
  const values = new Map(parsed.values);
  for (const [name, value] of Object.entries(defaultOptions(file))) {
    const row = optionTable.find((each) => destOf(each) === name);
    if (row === undefined) warn(`${file}: default_opts: there is no option "${name}"`);
    else if (value === false || value === null) values.delete(name);
    else if (row.kind === 'flag') values.set(name, true);
    else if (row.kind === 'count') values.set(name, typeof value === 'number' ? value : 1);
    else if (row.kind === 'append') values.set(name, (Array.isArray(value) ? value : [value]).map(String));
    else if (typeof value === 'string' || typeof value === 'number') values.set(name, `${value}`);
    else warn(`${file}: default_opts: ${name} cannot be ${JSON.stringify(value)}`);
  }
  return { ...parsed, values };
}

function defaultOptions(file: string): Record<string, unknown> {
  let content: unknown;
  try {
    if (statSync(file).size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new VngFailure(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const options = isObject(content) ? (content['default_opts'] ?? {}) : null;
  if (!isObject(options)) throw new VngFailure(`${file}: default_opts has to be an object`);
  return options;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

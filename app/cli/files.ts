import { existsSync, readFileSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, type Issue } from '../scenario/issues.ts';

/** The folder of the bundled scenarios: beside dist/ once built, and beside app/ in the sources. */
export function scenariosFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, 'scenarios');
}

/** Bundled scenarios by the names under which `scythe run` finds them: `kvm-oom/reap`. */
export function bundledScenarios(): { readonly name: string; readonly path: string }[] {
  const root = scenariosFolder();
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.yaml') && !path.endsWith('/matrix.yaml'))
    .sort()
    .map((path) => ({ name: path.replace(/\.yaml$/, ''), path: join(root, path) }));
}

/** Where the scenario is that the user named: a path, or the name of a bundled one. */
export function findScenario(named: string): string {
  if (existsSync(named)) return named;
  const bundled = join(scenariosFolder(), named.endsWith('.yaml') ? named : `${named}.yaml`);
  return existsSync(bundled) && !relative(scenariosFolder(), resolve(bundled)).startsWith('..')
    ? bundled
    : named;
}

/** The text of a file; throws an InputError that says why it cannot be read. */
export function readText(path: string, hint: string): string {
  try {
    if (path !== '-' && statSync(path).isDirectory()) throw unreadable(path, 'it is a folder', hint);
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unreadable(path, reasonOf(error), hint);
  }
}

/** Writes a file, or standard output for `-`; throws an InputError that says why it cannot. */
export function writeText(path: string, text: string): void {
  if (path === '-') {
    print(text);
    return;
  }
  try {
    writeFileSync(path, text);
  } catch (error) {
    const issue = { file: path, line: 0, column: 0, path: [], code: 'unreadable' } as const;
    throw new InputError([
      {
        ...issue,
        message: `cannot be written: ${reasonOf(error)}`,
        fix: 'name a file in a folder that exists',
      },
    ]);
  }
}

/** Writes to standard output at once, however long the text is. A reader that has gone is no error. */
export function print(text: string): void {
  write(text);
}

let write = toStandardOutput;

/** Hands what is printed to `sink`, until the function that this returns is called. */
export function printTo(sink: (text: string) => void): () => void {
  write = sink;
  return () => {
    write = toStandardOutput;
  };
}

function toStandardOutput(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
    }
  }
}

function unreadable(path: string, reason: string, fix: string): InputError {
  const issue: Issue = {
    file: path,
    line: 0,
    column: 0,
    path: [],
    code: 'unreadable',
    message: `cannot be read: ${reason}`,
    fix,
  };
  return new InputError([issue]);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return message;
  }
}

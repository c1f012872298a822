import type { Body } from '../../sim/call.ts';
import { EPERM, errnoName, strerror } from '../../kernel/include/errno.ts';
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from '../../kernel/include/fs.ts';
import { rename, stat } from '../userland/files.ts';
import {
  close,
  listDirectory,
  open,
  print,
  readAll,
  rmdir,
  STDERR,
  STDOUT,
  unlink,
} from '../userland/libc.ts';
import { byText } from './lines.ts';
import { withOptions, type OptionReader } from './program.ts';

const base = (path: string): string => path.replace(/\/+$/, '').split('/').pop() ?? '';
export const inside = (directory: string, name: string): string => `${directory.replace(/\/$/, '')}/${name}`;

/** Where a copy goes: into a directory, or to the name itself. */
function* targetOf(source: string, target: string): Body<string> {
  const kstat = yield* stat(target);
  return typeof kstat !== 'number' && kstat.kind === 'directory' ? inside(target, base(source)) : target;
}

function* copyFile(name: string, from: string, to: string): Body<number> {
  const source = yield* open(from, O_RDONLY);
  if (source < 0) {
    yield* print(STDERR, `${name}: cannot stat '${from}': ${strerror(source)}\n`);
    return 1;
  }
  const text = yield* readAll(source);
  yield* close(source);
  if (typeof text === 'number') {
    yield* print(STDERR, `${name}: error reading '${from}': ${strerror(text)}\n`);
    return 1;
  }
  const target = yield* open(to, O_WRONLY | O_CREAT | O_TRUNC);
  const error = target < 0 ? target : yield* print(target, text);
  if (target >= 0) yield* close(target);
  if (error >= 0) return 0;
  yield* print(STDERR, `${name}: cannot create regular file '${to}': ${strerror(error)}\n`);
  return 1;
}

/** The sources and the target of cp and mv; null after a complaint. */
function* operandsOf(name: string, options: OptionReader): Body<readonly [readonly string[], string] | null> {
  const { operands } = options;
  if (operands.length < 2) {
    const missing =
      operands.length === 0
        ? 'missing file operand'
        : `missing destination file operand after '${operands[0]}'`;
    yield* print(STDERR, `${name}: ${missing}\nTry '${name} --help' for more information.\n`);
    return null;
  }
  return [operands.slice(0, -1), operands[operands.length - 1]];
}

export const cp = withOptions(
  {
    name: 'cp',
    summary: 'Copies files.',
    operands: 'SOURCE... TARGET',
    permutes: true,
    options: [
      { flag: '-f', long: '--force', description: 'accepted' },
      { flag: '-a', description: 'accepted; there are no rights and dates to keep' },
      { flag: '-v', long: '--verbose', description: 'say what is copied' },
    ],
  },
  function* (options) {
    const operands = yield* operandsOf('cp', options);
    if (operands === null) return 1;
    let status = 0;
    for (const source of operands[0]) {
      const kstat = yield* stat(source);
      if (typeof kstat !== 'number' && kstat.kind === 'directory') {
        yield* print(STDERR, `cp: -r not specified; omitting directory '${source}'\n`);
        status = 1;
        continue;
      }
      const target = yield* targetOf(source, operands[1]);
      status |= yield* copyFile('cp', source, target);
      if (options.has('-v')) yield* print(STDOUT, `'${source}' -> '${target}'\n`);
    }
    return status;
  },
);

export const mv = withOptions(
  {
    name: 'mv',
    summary: 'Moves files.',
    operands: 'SOURCE... TARGET',
    permutes: true,
    options: [
      { flag: '-f', long: '--force', description: 'accepted' },
      { flag: '-v', long: '--verbose', description: 'say what is moved' },
    ],
  },
  function* (options) {
    const operands = yield* operandsOf('mv', options);
    if (operands === null) return 1;
    let status = 0;
    for (const source of operands[0]) {
      const target = yield* targetOf(source, operands[1]);
      const error = yield* rename(source, target);
      // Between file systems it is a copy, after which the source goes.
      if (error < 0 && errnoName(error) === 'EXDEV') {
        if ((yield* copyFile('mv', source, target)) === 0) yield* unlink(source);
        else status = 1;
      } else if (error < 0) {
        const what =
          errnoName(error) === 'ENOENT'
            ? `cannot stat '${source}'`
            : `cannot move '${source}' to '${target}'`;
        yield* print(STDERR, `mv: ${what}: ${strerror(error)}\n`);
        status = 1;
      }
      if (error >= 0 && options.has('-v')) yield* print(STDOUT, `renamed '${source}' -> '${target}'\n`);
    }
    return status;
  },
);

/** Removes a directory with all that is in it. */
function* removeTree(path: string): Body<number> {
  const names = yield* listDirectory(path);
  if (typeof names === 'number') return yield* unlink(path);
  for (const name of names) {
    const error = yield* removeTree(inside(path, name));
    if (error < 0) return error;
  }
  return yield* rmdir(path);
}

export const rm = withOptions(
  {
    name: 'rm',
    summary: 'Removes files.',
    operands: 'FILE...',
    permutes: true,
    options: [
      { flag: '-f', long: '--force', description: 'say nothing of files that are not there' },
      { flag: '-r', long: '--recursive', description: 'directories with what is in them' },
      { flag: '-R', description: 'the same' },
    ],
  },
  function* (options) {
    const tree = options.has('-r') || options.has('-R');
    if (options.operands.length === 0 && !options.has('-f')) {
      yield* print(STDERR, "rm: missing operand\nTry 'rm --help' for more information.\n");
      return 1;
    }
    let status = 0;
    for (const path of options.operands) {
      const error = tree ? yield* removeTree(path) : yield* unlink(path);
      if (error >= 0 || (options.has('-f') && errnoName(error) === 'ENOENT')) continue;
      yield* print(STDERR, `rm: cannot remove '${path}': ${strerror(error)}\n`);
      status = 1;
    }
    return status;
  },
);

export const ln = withOptions(
  {
    name: 'ln',
    summary: 'Makes links, which the file systems of the model do not have.',
    operands: 'TARGET NAME',
    permutes: true,
    options: [
      { flag: '-s', long: '--symbolic', description: 'a symbolic link' },
      { flag: '-f', long: '--force', description: 'accepted' },
    ],
  },
  function* (options) {
    const [target = '', name = base(target)] = options.operands;
    const kind = options.has('-s') ? 'symbolic' : 'hard';
    yield* print(STDERR, `ln: failed to create ${kind} link '${name}': ${strerror(EPERM)}\n`);
    return 1;
  },
);

export const find = withOptions(
  {
    name: 'find',
    summary: 'Lists files below directories: find [DIRECTORY]... [-name PATTERN] [-type f|d] [-maxdepth N].',
    operands: '[DIRECTORY]...',
    permutes: true,
    options: [
      { flag: '-maxdepth', value: 'N', description: 'go so deep' },
      { flag: '-name', value: 'PATTERN', description: 'names like this', default: '' },
      {
        flag: '-type',
        value: 'KIND',
        description: 'f for files, d for directories, c for devices',
        default: '',
      },
      { flag: '-print', description: 'print them, as it does anyway' },
    ],
  },
  function* (options) {
    const glob = options.text('-name');
    const source = (glob ?? '*')
      .replace(/[\\^$.+(){}|]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    const pattern = new RegExp(`^${source}$`);
    const kind = options.text('-type');
    const deepest = options.has('-maxdepth') ? options.number('-maxdepth') : 32;
    function* walk(path: string, depth: number): Body<number> {
      const kstat = yield* stat(path);
      if (typeof kstat === 'number') {
        yield* print(STDERR, `find: '${path}': ${strerror(kstat)}\n`);
        return 1;
      }
      const letter = { regular: 'f', directory: 'd', character: 'c', fifo: 'p', anonymous: 'f' }[kstat.kind];
      if (pattern.test(base(path)) && (kind === undefined || kind === letter))
        yield* print(STDOUT, `${path}\n`);
      if (kstat.kind !== 'directory' || depth >= deepest) return 0;
      const names = yield* listDirectory(path);
      let status = 0;
      if (typeof names === 'number') return 1;
      for (const name of [...names].sort(byText)) {
        // These lead back to where the walk is.
        if (name !== 'self' && name !== 'thread-self') status |= yield* walk(inside(path, name), depth + 1);
      }
      return status;
    }
    let status = 0;
    for (const path of options.operands.length === 0 ? ['.'] : options.operands)
      status |= yield* walk(path, 0);
    return status;
  },
);

import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { O_APPEND, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from '../../kernel/include/fs.ts';
import {
  close,
  listDirectory,
  mkdir as makeDirectory,
  open,
  print,
  read,
  rmdir as removeDirectory,
  STDERR,
  STDIN,
  STDOUT,
  unlink,
  write,
} from '../userland/libc.ts';
import { rest, startGate } from '../userland/gate.ts';
import { withOptions } from './program.ts';

/** Prints `name: what: error` and gives the exit status 1. */
function* failure(name: string, what: string, error: number): Body<1> {
  yield* print(STDERR, `${name}: ${what}: ${strerror(error)}\n`);
  return 1;
}

/** Goes through files (or standard input), piece by piece. The result is the exit status. */
export function* eachFile(
  name: string,
  paths: readonly string[],
  use: (piece: string, path: string) => Body<void>,
): Body<number> {
  let status = 0;
  for (const path of paths.length === 0 ? ['-'] : paths) {
    const fd = path === '-' ? STDIN : yield* open(path, O_RDONLY);
    if (fd < 0) {
      status = yield* failure(name, path, fd);
      continue;
    }
    for (;;) {
      const piece = yield* read(fd);
      if (typeof piece === 'number') {
        status = yield* failure(name, path, piece);
        break;
      }
      if (piece === '') break;
      yield* use(piece, path);
    }
    if (fd !== STDIN) yield* close(fd);
  }
  return status;
}

/** All lines of files (or standard input). */
export function* linesOf(name: string, paths: readonly string[]): Body<{ lines: string[]; status: number }> {
  let text = '';
  const status = yield* eachFile(name, paths, function* (piece) {
    text += piece;
  });
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  return { lines, status };
}

export const cat = withOptions(
  { name: 'cat', summary: 'Prints files, or standard input.', operands: '[FILE]...', options: [] },
  function* ({ operands }) {
    let broken = 0;
    const status = yield* eachFile('cat', operands, function* (piece) {
      const error = yield* print(STDOUT, piece);
      if (error < 0 && broken === 0) broken = yield* failure('cat', 'write error', error);
    });
    return broken === 0 ? status : broken;
  },
);

export const tee = withOptions(
  {
    name: 'tee',
    summary: 'Copies standard input to files and to standard output.',
    operands: '[FILE]...',
    options: [{ flag: '-a', description: 'append to the files' }],
  },
  function* (options) {
    let status = 0;
    const files: { readonly path: string; readonly fd: number }[] = [];
    for (const path of options.operands) {
      const fd = yield* open(path, O_WRONLY | O_CREAT | (options.has('-a') ? O_APPEND : O_TRUNC));
      if (fd < 0) status = yield* failure('tee', path, fd);
      else files.push({ path, fd });
    }
    for (;;) {
      const piece = yield* read(STDIN);
      if (typeof piece === 'number') return yield* failure('tee', 'read error', piece);
      if (piece === '') break;
      yield* print(STDOUT, piece);
      for (const { path, fd } of files) {
        const error = yield* print(fd, piece);
        if (error < 0) status = yield* failure('tee', path, error);
      }
    }
    return status;
  },
);

export const ls = withOptions(
  {
    name: 'ls',
    summary: 'Lists the names in directories.',
    operands: '[DIRECTORY]...',
    options: [{ flag: '-a', description: 'also names that begin with a dot' }],
  },
  function* (options) {
    let status = 0;
    for (const path of options.operands.length === 0 ? ['.'] : options.operands) {
      const names = yield* listDirectory(path);
      if (typeof names === 'number') {
        const fd = yield* open(path);
        if (fd < 0) {
          yield* print(STDERR, `ls: cannot access '${path}': ${strerror(fd)}\n`);
          status = 2;
          continue;
        }
        yield* close(fd);
        yield* print(STDOUT, `${path}\n`);
        continue;
      }
      for (const name of [...names].sort()) {
        if (!name.startsWith('.') || options.has('-a')) yield* print(STDOUT, `${name}\n`);
      }
    }
    return status;
  },
);

export const mkdir = withOptions(
  {
    name: 'mkdir',
    summary: 'Makes directories.',
    operands: 'DIRECTORY...',
    options: [{ flag: '-p', description: 'with those above; it is no error if one is there' }],
  },
  function* (options) {
    let status = 0;
    for (const path of options.operands) {
      const parents = options.has('-p') ? pathsAbove(path) : [];
      for (const parent of parents) yield* makeDirectory(parent);
      const error = yield* makeDirectory(path);
      if (error < 0 && !(options.has('-p') && typeof (yield* listDirectory(path)) !== 'number')) {
        yield* print(STDERR, `mkdir: cannot create directory '${path}': ${strerror(error)}\n`);
        status = 1;
      }
    }
    return status;
  },
);

function pathsAbove(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  const start = path.startsWith('/') ? '/' : '';
  return names.slice(0, -1).map((_, i) => start + names.slice(0, i + 1).join('/'));
}

export const rmdir = withOptions(
  { name: 'rmdir', summary: 'Removes empty directories.', operands: 'DIRECTORY...', options: [] },
  function* ({ operands }) {
    let status = 0;
    for (const path of operands) {
      const error = yield* removeDirectory(path);
      if (error >= 0) continue;
      yield* print(STDERR, `rmdir: failed to remove '${path}': ${strerror(error)}\n`);
      status = 1;
    }
    return status;
  },
);

export const rm = withOptions(
  {
    name: 'rm',
    summary: 'Removes files.',
    operands: 'FILE...',
    options: [{ flag: '-f', description: 'say nothing of files that are not there' }],
  },
  function* (options) {
    let status = 0;
    for (const path of options.operands) {
      const error = yield* unlink(path);
      if (error >= 0 || options.has('-f')) continue;
      yield* print(STDERR, `rm: cannot remove '${path}': ${strerror(error)}\n`);
      status = 1;
    }
    return status;
  },
);

export const touch = withOptions(
  { name: 'touch', summary: 'Makes empty files.', operands: 'FILE...', options: [] },
  function* ({ operands }) {
    let status = 0;
    for (const path of operands) {
      const fd = yield* open(path, O_WRONLY | O_CREAT);
      if (fd < 0) {
        yield* print(STDERR, `touch: cannot touch '${path}': ${strerror(fd)}\n`);
        status = 1;
      } else yield* close(fd);
    }
    return status;
  },
);

export const poke = withOptions(
  {
    name: 'poke',
    summary: 'Writes a text to a file in one system call.',
    operands: 'FILE TEXT',
    options: [],
    startsAtGate: true,
  },
  function* ({ operands }) {
    const [path, text] = operands;
    if (path === undefined || text === undefined) {
      yield* print(STDERR, 'poke: a file and a text are needed\n');
      return 2;
    }
    const fd = yield* open(path, O_WRONLY);
    if (fd < 0) return yield* failure('poke', path, fd);
    yield* startGate();
    const written = yield* write(fd, text);
    yield* rest();
    return written < 0 ? yield* failure('poke', path, written) : 0;
  },
);

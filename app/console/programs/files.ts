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
  write,
} from '../userland/libc.ts';
import { rest, startGate } from '../userland/gate.ts';
import { withOptions } from './program.ts';

/** Prints `name: what: error` and gives the exit status 1. */
export function* failure(name: string, what: string, error: number): Body<1> {
  yield* print(STDERR, `${name}: ${what}: ${strerror(error)}\n`);
  return 1;
}

/** Goes through files (or standard input), piece by piece, until `use` returns false. The result is the exit status. */
export function* eachFile(
  name: string,
  paths: readonly string[],
  use: (piece: string, path: string) => Body<boolean | void>,
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
      if (piece === '' || (yield* use(piece, path)) === false) break;
    }
    if (fd !== STDIN) yield* close(fd);
  }
  return status;
}

/** All lines of files (or standard input); `keepLast` has what is behind the last newline, too, if only ''. */
export function* linesOf(
  name: string,
  paths: readonly string[],
  keepLast = false,
): Body<{ lines: string[]; status: number }> {
  let text = '';
  const status = yield* eachFile(name, paths, function* (piece) {
    text += piece;
  });
  const lines = text.split('\n');
  if (!keepLast && lines[lines.length - 1] === '') lines.pop();
  return { lines, status };
}

export const cat = withOptions(
  {
    name: 'cat',
    summary: 'Prints files, or standard input.',
    operands: '[FILE]...',
    permutes: true,
    options: [
      { flag: '-n', long: '--number', description: 'number the lines' },
      { flag: '-A', long: '--show-all', description: 'show tabs, ends of lines and other characters' },
    ],
  },
  function* (options) {
    let broken = 0;
    let number = 0;
    let atStart = true;
    const shown = (piece: string): string => {
      let text = piece;
      if (options.has('-A')) text = visible(text);
      if (!options.has('-n')) return text;
      const lines = text.split('\n');
      const rest = lines.pop() ?? '';
      const numbered = (line: string): string => {
        const head = atStart ? `${String(++number).padStart(6)}\t` : '';
        atStart = true;
        return head + line;
      };
      const whole = lines.map((line) => `${numbered(line)}\n`).join('');
      if (rest === '') return whole;
      const open = numbered(rest);
      atStart = false;
      return whole + open;
    };
    const status = yield* eachFile('cat', options.operands, function* (piece) {
      const error = yield* print(STDOUT, shown(piece));
      if (error < 0 && broken === 0) broken = yield* failure('cat', 'write error', error);
      return error >= 0;
    });
    return broken === 0 ? status : broken;
  },
);

/** `cat -A`: `^I` for a tab, `$` at the end of a line, `^@` for a NUL. */
function visible(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (letter) => {
    if (letter === '\n') return '$\n';
    const code = letter.charCodeAt(0);
    if (code < 32) return `^${String.fromCharCode(code + 64)}`;
    return code === 127 ? '^?' : letter;
  });
}

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

import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { readlink, stat, type Kstat } from '../userland/files.ts';
import { listDirectory, print, STDERR, STDOUT } from '../userland/libc.ts';
import { inside } from './file-tools.ts';
import { byText } from './lines.ts';
import { withOptions, type OptionReader } from './program.ts';

const KIND_LETTERS: Readonly<Record<Kstat['kind'], string>> = {
  regular: '-',
  directory: 'd',
  character: 'c',
  fifo: 'p',
  anonymous: '-',
};

const RIGHTS = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'];

/** `drwxr-xr-x` */
const rights = ({ kind, mode }: Kstat): string =>
  KIND_LETTERS[kind] + [mode >> 6, mode >> 3, mode].map((bits) => RIGHTS[bits & 7]).join('');

/** `ls -l`: rights, links, owner, size, a date that all files share, and the name. */
function* longLines(directory: string, names: readonly string[], human: boolean): Body<string> {
  const rows: { readonly kstat: Kstat; readonly name: string; readonly target: string | null }[] = [];
  for (const name of names) {
    const path = directory === '' ? name : inside(directory, name);
    const kstat = yield* stat(path);
    if (typeof kstat === 'number') continue;
    const target = /\/fd(?:\/\d+)?$/.test(directory === '' ? name : directory) ? yield* readlink(path) : null;
    rows.push({ kstat, name, target: typeof target === 'string' ? target : null });
  }
  const sizes = rows.map(({ kstat }) => (human ? humanSize(kstat.size) : String(kstat.size)));
  const width = Math.max(0, ...sizes.map((size) => size.length));
  return rows
    .map(({ kstat, name, target }, i) => {
      if (target !== null)
        return `lrwx------ 1 root root ${'64'.padStart(width)} Nov 21 11:41 ${name} -> ${target}\n`;
      const links = kstat.kind === 'directory' ? 2 : 1;
      return `${rights(kstat)} ${links} root root ${sizes[i].padStart(width)} Nov 21 11:41 ${name}\n`;
    })
    .join('');
}

function humanSize(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  let size = bytes;
  let unit = -1;
  for (; size >= 1024 && unit < 3; unit++) size /= 1024;
  return `${size < 10 ? size.toFixed(1) : Math.ceil(size)}${'KMGT'[unit]}`;
}

export const ls = withOptions(
  {
    name: 'ls',
    summary: 'Lists the names in directories.',
    operands: '[FILE]...',
    permutes: true,
    options: [
      { flag: '-1', description: 'one name per line, as it always is' },
      { flag: '-a', long: '--all', description: 'also names that begin with a dot' },
      { flag: '-d', long: '--directory', description: 'directories themselves' },
      { flag: '-F', long: '--classify', description: 'with a / after directories' },
      { flag: '-h', long: '--human-readable', description: 'sizes in K, M and G' },
      { flag: '-l', description: 'with rights and sizes' },
      { flag: '-R', long: '--recursive', description: 'and what is in directories below' },
      { flag: '-t', description: 'accepted' },
      { flag: '--color', value: 'WHEN', description: 'accepted', default: '' },
    ],
  },
  function* (options) {
    const paths = options.operands.length === 0 ? ['.'] : [...options.operands].sort(byText);
    const files: string[] = [];
    const directories: string[] = [];
    let status = 0;
    for (const path of paths) {
      const kstat = yield* stat(path);
      if (typeof kstat === 'number') {
        yield* print(STDERR, `ls: cannot access '${path}': ${strerror(kstat)}\n`);
        status = 2;
      } else if (kstat.kind === 'directory' && !options.has('-d')) directories.push(path);
      else files.push(path);
    }
    yield* showNames(options, '', files);
    const titled = paths.length > 1 || options.has('-R');
    for (const [i, path] of directories.entries()) {
      if (i > 0 || files.length > 0) yield* print(STDOUT, '\n');
      yield* listOne(options, path, titled);
    }
    return status;
  },
);

function* listOne(options: OptionReader, path: string, titled: boolean): Body<void> {
  const names = yield* listDirectory(path);
  if (typeof names === 'number') {
    yield* print(STDERR, `ls: cannot open directory '${path}': ${strerror(names)}\n`);
    return;
  }
  if (titled) yield* print(STDOUT, `${path}:\n`);
  const shown = [...names].sort(byText).filter((name) => !name.startsWith('.') || options.has('-a'));
  if (options.has('-l')) yield* print(STDOUT, 'total 0\n');
  yield* showNames(options, path, shown);
  if (!options.has('-R')) return;
  for (const name of shown) {
    const kstat = yield* stat(inside(path, name));
    if (typeof kstat === 'number' || kstat.kind !== 'directory' || name === 'self' || name === 'thread-self')
      continue;
    yield* print(STDOUT, '\n');
    yield* listOne(options, inside(path, name), true);
  }
}

function* showNames(options: OptionReader, directory: string, names: readonly string[]): Body<void> {
  if (options.has('-l')) {
    yield* print(STDOUT, yield* longLines(directory, names, options.has('-h')));
    return;
  }
  let text = '';
  for (const name of names) {
    let mark = '';
    if (options.has('-F')) {
      const kstat = yield* stat(directory === '' ? name : inside(directory, name));
      if (typeof kstat !== 'number' && kstat.kind === 'directory') mark = '/';
    }
    text += `${name}${mark}\n`;
  }
  yield* print(STDOUT, text);
}

export const statProgram = withOptions(
  {
    name: 'stat',
    summary: 'Shows what is known of files.',
    operands: 'FILE...',
    permutes: true,
    options: [
      {
        flag: '-c',
        long: '--format',
        value: 'FORMAT',
        description: '%n name, %s size, %F kind, %a rights, %i inode',
        default: '',
      },
    ],
  },
  function* (options) {
    let status = 0;
    for (const path of options.operands) {
      const kstat = yield* stat(path);
      if (typeof kstat === 'number') {
        yield* print(STDERR, `stat: cannot statx '${path}': ${strerror(kstat)}\n`);
        status = 1;
        continue;
      }
      const { size, ino, mode } = kstat;
      const kind = kindText(kstat);
      const octal = mode.toString(8);
      const format = options.text('-c');
      if (format === undefined) {
        const links = kstat.kind === 'directory' ? 2 : 1;
        const io = `Size: ${String(size).padEnd(10)}\tBlocks: ${String(Math.ceil(size / 4096) * 8).padEnd(10)} IO Block: 4096`;
        yield* print(
          STDOUT,
          `  File: ${path}\n  ${io}   ${kind}\nDevice: 0,26\tInode: ${String(ino).padEnd(10)}  Links: ${links}\nAccess: (${octal.padStart(4, '0')}/${rights(kstat)})  Uid: (    0/    root)   Gid: (    0/    root)\n`,
        );
        continue;
      }
      const values: Readonly<Record<string, string>> = {
        n: path,
        s: String(size),
        F: kind,
        a: octal,
        A: rights(kstat),
        i: String(ino),
        U: 'root',
        G: 'root',
        '%': '%',
      };
      yield* print(STDOUT, `${format.replace(/%(.)/g, (all, letter: string) => values[letter] ?? all)}\n`);
    }
    return status;
  },
);

function kindText({ kind, size }: Kstat): string {
  if (kind === 'regular') return size === 0 ? 'regular empty file' : 'regular file';
  return {
    directory: 'directory',
    character: 'character special file',
    fifo: 'fifo',
    anonymous: 'regular file',
  }[kind];
}

export const readlinkProgram = withOptions(
  { name: 'readlink', summary: 'Prints where links lead to.', operands: 'FILE...', options: [] },
  function* ({ operands }) {
    let status = operands.length === 0 ? 1 : 0;
    for (const path of operands) {
      const target = yield* readlink(path);
      if (typeof target === 'string') yield* print(STDOUT, `${target}\n`);
      else status = 1;
    }
    return status;
  },
);

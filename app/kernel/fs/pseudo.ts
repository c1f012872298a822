import type { Body, Call } from '../../sim/call.ts';
import type { FileOperations, FileStruct, Inode, InodeOperations, SuperBlock } from '../include/fs.ts';
import { EINVAL } from '../include/errno.ts';
import { kfunc } from '../kfunc.ts';
import { seq_read, singleFile } from './seq_file.ts';

/**
 * Files that the kernel makes up: /proc, sysfs, debugfs, tracefs. Their directories are descriptions that all kernels
 * share: a boot, of which a search has many, pays nothing for them. What a file shows it takes from the kernel that runs,
 * when it is read.
 */
export type PseudoNode = PseudoFile | PseudoDirectory;

export interface PseudoFile {
  readonly kind: 'regular';
  readonly fops: FileOperations;
}

export interface PseudoDirectory {
  readonly kind: 'directory';
  lookup(name: string): Body<PseudoNode | null>;
  names(): Body<readonly string[]>;
  readonly mkdir?: (name: string) => Body<number>;
  readonly rmdir?: (name: string) => Body<number>;
}

export type Entries = Readonly<Record<string, PseudoNode>>;

/** A directory whose entries never change. */
export function fixedDirectory(described: Entries): PseudoDirectory {
  const entries = new Map(Object.entries(described));
  return {
    kind: 'directory',
    *lookup(name) {
      return entries.get(name) ?? null;
    },
    *names() {
      return [...entries.keys()];
    },
  };
}

/** Several directories in one place: the first that knows a name has it. */
export function joined(...parts: readonly PseudoDirectory[]): PseudoDirectory {
  return {
    kind: 'directory',
    *lookup(name) {
      for (const part of parts) {
        const found = yield* part.lookup(name);
        if (found !== null) return found;
      }
      return null;
    },
    *names() {
      const names: string[] = [];
      for (const part of parts) names.push(...(yield* part.names()));
      return names;
    },
  };
}

/** A file with a text made by the kernel function `name` at the first read. */
export function shown(
  name: string,
  show: (file: FileStruct) => Body<string | number>,
  rest: FileOperations = {},
): PseudoFile {
  const fn = kfunc(name, show);
  return { kind: 'regular', fops: singleFile((file) => fn(file), rest) };
}

/** The same where one kernel function makes the texts of many files. */
export function shownBy(
  show: (file: FileStruct) => Call<string | number>,
  rest: FileOperations = {},
): PseudoFile {
  return { kind: 'regular', fops: { ...rest, read: (file, size) => seq_read(file, size, show) } };
}

const roots = new Map<string, PseudoDirectory>();

/** Puts a directory of descriptions at an absolute path. It adds to what stands there from boot on. */
export function mountPseudo(path: string, directory: PseudoDirectory): void {
  const there = roots.get(path);
  roots.set(path, there === undefined ? directory : joined(there, directory));
}

/** The operations of a directory that boot has made, if it may have descriptions below it. */
export function pseudoOperationsAt(path: string): InodeOperations {
  return path.startsWith('/proc') || path.startsWith('/sys') ? placeOperations : {};
}

/** A name in the descriptions at a path, for directories with operations of their own. */
export function* pseudoLookup(dir: Inode, path: string, name: string): Body<Inode | null> {
  const node = (yield* roots.get(path)?.lookup(name) ?? nothing()) ?? null;
  return node === null ? null : pseudoInode(name, dir.i_sb, node);
}

export function* pseudoNames(path: string): Body<readonly string[]> {
  return (yield* roots.get(path)?.names() ?? nothing()) ?? [];
}

function* nothing(): Body<null> {
  return null;
}

/** What stands at a path that boot has made: the nearest root above it, followed down. */
function* nodeAt(path: string): Body<PseudoNode | null> {
  let root = path;
  while (root !== '' && !roots.has(root)) root = root.slice(0, root.lastIndexOf('/'));
  let node: PseudoNode | null = roots.get(root) ?? null;
  for (const name of path.slice(root.length).split('/')) {
    if (name === '') continue;
    if (node?.kind !== 'directory') return null;
    node = yield* node.lookup(name);
  }
  return node;
}

const directoryOf = (inode: Inode): PseudoDirectory => inode.i_private as PseudoDirectory;

export function pseudoInode(name: string, i_sb: SuperBlock, node: PseudoNode): Inode {
  if (node.kind === 'directory') {
    const i_op: InodeOperations = {
      ...directoryOperations,
      ...(node.mkdir && { mkdir: (dir: Inode, child: string) => tracefs_syscall_mkdir(dir, child) }),
      ...(node.rmdir && { rmdir: (dir: Inode, child: string) => tracefs_syscall_rmdir(dir, child) }),
    };
    return { name, kind: 'directory', i_sb, i_fop: {}, i_op, i_private: node };
  }
  return { name, kind: 'regular', i_sb, i_fop: node.fops, i_op: {}, i_private: null };
}

/** simple_lookup() - a name in a directory of descriptions. */
const simple_lookup = kfunc('simple_lookup', function* (dir: Inode, name: string) {
  const node = yield* directoryOf(dir).lookup(name);
  return node === null ? null : pseudoInode(name, dir.i_sb, node);
});

const simple_readdir = kfunc('dcache_dir_readdir', function* (dir: Inode) {
  return yield* directoryOf(dir).names();
});

const tracefs_syscall_mkdir = kfunc('tracefs_syscall_mkdir', function* (dir: Inode, name: string) {
  return yield* directoryOf(dir).mkdir?.(name) ?? refuse();
});

const tracefs_syscall_rmdir = kfunc('tracefs_syscall_rmdir', function* (dir: Inode, name: string) {
  return yield* directoryOf(dir).rmdir?.(name) ?? refuse();
});

function* refuse(): Body<number> {
  return -EINVAL;
}

const directoryOperations: InodeOperations = {
  lookup: (dir, name) => simple_lookup(dir, name),
  iterate: (dir) => simple_readdir(dir),
};

const place_lookup = kfunc(
  'proc_lookup',
  function* (dir: Inode, name: string) {
    const node = yield* nodeAt(`${dir.i_private as string}/${name}`);
    return node === null ? null : pseudoInode(name, dir.i_sb, node);
  },
  { inlined: true },
);

const place_readdir = kfunc(
  'proc_readdir',
  function* (dir: Inode) {
    const node = yield* nodeAt(dir.i_private as string);
    return node?.kind === 'directory' ? yield* node.names() : [];
  },
  { inlined: true },
);

const placeOperations: InodeOperations = {
  lookup: (dir, name) => place_lookup(dir, name),
  iterate: (dir) => place_readdir(dir),
};

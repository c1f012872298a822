import { assert } from '../../base/assert.ts';
import { kernelGlobal } from '../globals.ts';
import type { FileOperations, Inode, InodeKind, InodeOperations, SuperBlock } from '../include/fs.ts';
import { LockdepMap } from '../kernel/locking/lockdep.ts';
import { reserve } from '../struct.ts';
import { pseudoOperationsAt } from './pseudo.ts';

/**
 * The tree of names of one kernel. What stands in it from boot on is plain data, which nobody changes
 * afterwards; a directory that changes while the guest runs keeps its names in its own operations.
 */
export class DirectoryTree {
  private readonly superBlocks = new Map<string, SuperBlock>();
  private readonly children = new Map<Inode, Map<string, Inode>>();
  readonly root: Inode;

  constructor() {
    // In the order in which a booting kernel first writes to each, which is how lockdep numbers them.
    for (const [type, writers] of FILE_SYSTEMS) {
      this.superBlocks.set(type, {
        type,
        s_writers: new LockdepMap(writers, {}, reserve('slab', 'super_block', 1408), 'percpu'),
      });
    }
    this.root = this.directoryInode('', 'rootfs', {});
    for (const [path, type] of MOUNTS) this.mount(path, type);
  }

  superBlock(type: string): SuperBlock {
    const found = this.superBlocks.get(type);
    assert(found !== undefined, `no file system ${type}`);
    return found;
  }

  /** A directory at an absolute path, made with those above it if it is not there yet. */
  directory(path: string): Inode {
    let at = this.root;
    let above = '';
    for (const name of splitPath(path)) {
      above += `/${name}`;
      at = this.child(at, name) ?? this.attach(at, this.plainDirectory(name, at.i_sb.type, above));
    }
    return at;
  }

  /** Puts the root of a file system at a path: its directory, or what `make` makes of the last name. */
  mount(path: string, root: string | ((name: string) => Inode), i_op = NO_OPERATIONS): Inode {
    const names = splitPath(path);
    const name = names.pop() ?? '';
    const parent = this.directory(names.join('/'));
    if (typeof root !== 'string') return this.attach(parent, root(name));
    const plain = i_op === NO_OPERATIONS;
    return this.attach(
      parent,
      plain ? this.plainDirectory(name, root, path) : this.directoryInode(name, root, i_op),
    );
  }

  /** A file at an absolute path, from boot on. */
  file(path: string, kind: InodeKind, i_fop: FileOperations, i_private: unknown = null): Inode {
    const names = splitPath(path);
    const name = names.pop();
    assert(name !== undefined, 'a file needs a name');
    const parent = this.directory(names.join('/'));
    const inode: Inode = { name, kind, i_sb: parent.i_sb, i_fop, i_op: {}, i_private };
    return this.attach(parent, inode);
  }

  child(directory: Inode, name: string): Inode | null {
    return this.children.get(directory)?.get(name) ?? null;
  }

  names(directory: Inode): readonly string[] {
    return [...(this.children.get(directory)?.keys() ?? [])];
  }

  private attach(parent: Inode, inode: Inode): Inode {
    let names = this.children.get(parent);
    if (names === undefined) {
      names = new Map();
      this.children.set(parent, names);
    }
    assert(!names.has(inode.name), `${inode.name} is there already`);
    names.set(inode.name, inode);
    return inode;
  }

  /** What boot has not put into it, a description may have (see pseudo.ts). */
  private plainDirectory(name: string, type: string, path: string): Inode {
    const i_op = pseudoOperationsAt(path);
    return { name, kind: 'directory', i_sb: this.superBlock(type), i_fop: {}, i_op, i_private: path };
  }

  private directoryInode(name: string, type: string, i_op: InodeOperations): Inode {
    return { name, kind: 'directory', i_sb: this.superBlock(type), i_fop: {}, i_op, i_private: null };
  }
}

const NO_OPERATIONS: InodeOperations = {};

/** The names of the kernel that runs. */
export const dcache = kernelGlobal('dcache', () => new DirectoryTree());

/** The names of a path, without empty ones and `.`; `..` takes one away. */
export function splitPath(path: string): string[] {
  let names = splitPaths.get(path);
  if (names === undefined) {
    if (splitPaths.size >= MOST_SPLIT_PATHS) splitPaths.clear();
    splitPaths.set(path, (names = namesOf(path)));
  }
  return names.slice();
}

/** Paths that were split: those of a boot are the same for every kernel. */
const splitPaths = new Map<string, readonly string[]>();
const MOST_SPLIT_PATHS = 1_000;

function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..') names.pop();
    else names.push(name);
  }
  return names;
}

const FILE_SYSTEMS: readonly (readonly [type: string, s_writers: string])[] = [
  ['rootfs', 'sb_writers#2'],
  ['tmpfs', 'sb_writers#3'],
  ['proc', 'sb_writers#4'],
  ['sysfs', 'sb_writers#5'],
  ['devtmpfs', 'sb_writers#6'],
  ['tracefs', 'sb_writers#7'],
  ['debugfs', 'sb_writers#8'],
  ['cgroup2', 'sb_writers#9'],
  ['pipefs', 'sb_writers#10'],
  ['anon_inodefs', 'sb_writers#11'],
];

/** What the guest's init mounts, as far as it is fixed (virtme-ng's init). */
const MOUNTS: readonly (readonly [path: string, type: string])[] = [
  ['/dev', 'devtmpfs'],
  ['/sys', 'sysfs'],
  ['/sys/kernel/debug', 'debugfs'],
  ['/sys/kernel/tracing', 'tracefs'],
];

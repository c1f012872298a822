import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Area } from '../area.ts';
import { pathSchema, type FileEntry } from '../contract/workspace.ts';
import { ServiceError } from '../contract/wire.ts';
import { Drafts } from './drafts.ts';
import { etagOf, failure, readText, writeText } from './files.ts';
import { Folder } from './folder.ts';
import { describeFile } from './kinds.ts';
import { locate, type Place, type Roots } from './paths.ts';
import { StateFiles } from './state.ts';
import { Watch } from './watch.ts';

export interface WorkspaceFolders {
  readonly bundledDir: string;
  readonly userDir: string;
  /** Layout, settings and drafts. */
  readonly stateDir: string;
}

/** Files, drafts and the workbench's own state. */
export function workspaceArea({ bundledDir, userDir, stateDir }: WorkspaceFolders): Area {
  const roots: Roots = { bundled: bundledDir, user: userDir };
  const bundled = new Folder(bundledDir, 'bundled', true);
  const user = new Folder(userDir, 'user', false);
  const drafts = new Drafts(join(stateDir, 'drafts'));
  const state = new StateFiles(stateDir);
  const watch = new Watch(user);

  /** Files that exist only as drafts are listed, too: nobody shall lose a text for want of finding it. */
  const list = (): FileEntry[] => {
    const files = [...bundled.list(), ...user.list()].filter(
      ({ path }) => pathSchema.safeParse(path).success,
    );
    const there = new Set(files.map(({ path }) => path));
    const unsaved = drafts
      .paths()
      .filter((path) => !there.has(path) && path.startsWith('user/'))
      .map((path) => ({ path, readOnly: false, ...describeFile(path, drafts.read(path) ?? '') }));
    return [...files, ...unsaved];
  };

  return {
    methods: {
      'workspace/list': () => ({ files: list() }),
      'file/read': ({ path }) => {
        const { file, readOnly } = locate(roots, path);
        const draft = drafts.read(path);
        if (draft !== null && !exists(file)) return { text: '', etag: '', readOnly, draft };
        const text = readText(file, path);
        return { text, etag: etagOf(text), readOnly, draft };
      },
      'file/write': async ({ path, text, etag }, { caller }) => {
        const place = writable(roots, path);
        const now = exists(place.file) ? etagOf(readText(place.file, path)) : null;
        // An empty etag is that of a draft whose file was never written.
        if (now !== (etag === '' ? null : etag)) throw conflict(path, now === null);
        await writeText(place.file, path, text);
        await drafts.keep(path, null);
        watch.told([path], caller.id);
        return { etag: etagOf(text) };
      },
      'file/draft': async ({ path, text }) => {
        locate(roots, path);
        await drafts.keep(path, text);
        return {};
      },
      'file/rename': async ({ from, to }, { caller }) => {
        const source = writable(roots, from);
        const target = writable(roots, to);
        if (exists(target.file))
          throw new ServiceError('conflict', `${to} is there already`, 'choose another name');
        const draft = drafts.read(from);
        if (exists(source.file) || draft === null) move(source.file, target.file, from);
        if (draft !== null) {
          await drafts.keep(to, draft);
          await drafts.keep(from, null);
        }
        watch.told([from, to], caller.id);
        return {};
      },
      'file/delete': async ({ path }, { caller }) => {
        const { file } = writable(roots, path);
        if (!exists(file) && drafts.read(path) === null) throw failure({ code: 'ENOENT' }, path);
        try {
          rmSync(file, { force: true });
        } catch (error) {
          throw failure(error, path);
        }
        await drafts.keep(path, null);
        watch.told([path], caller.id);
        return {};
      },
      'state/read': ({ key }) => ({ value: state.read(key) }),
      'state/write': async ({ key, value }) => {
        await state.write(key, value);
        return {};
      },
    },
    topics: {
      'workspace/changes': (_params, emit, caller) =>
        watch.listen((paths, by) => {
          if (by !== caller.id) emit({ paths: [...paths] });
        }),
    },
    dispose: async () => {
      watch.stop();
      await Promise.all([drafts.settle(), state.settle()]);
    },
  };
}

function writable(roots: Roots, path: string): Place {
  const place = locate(roots, path);
  if (place.readOnly) {
    throw new ServiceError(
      'forbidden',
      `${path} comes with Scythe and stays as it is`,
      'save it under user/',
    );
  }
  return place;
}

function conflict(path: string, gone: boolean): ServiceError {
  return gone
    ? new ServiceError('conflict', `${path} has been deleted`, 'save it under the same name to make it again')
    : new ServiceError('conflict', `${path} has been changed by others`, 'compare the two, then save again');
}

function move(from: string, to: string, path: string): void {
  try {
    mkdirSync(dirname(to), { recursive: true });
    renameSync(from, to);
  } catch (error) {
    throw failure(error, path);
  }
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

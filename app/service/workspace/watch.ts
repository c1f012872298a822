import { watch, type FSWatcher } from 'node:fs';
import type { Folder } from './folder.ts';

/** After a change so long is waited for more of them, and without a hint the folder is looked at so often (ms). */
const CALM_MS = 100;
const LOOK_MS = 2_000;

type Listener = (paths: readonly string[], by: number | null) => void;

/**
 * Tells of files that come, change or go. What the system tells of changes serves as a hint only, as it differs
 * between systems and misses folders that are made later: what has changed is found by looking.
 */
export class Watch {
  private readonly listeners = new Set<Listener>();
  private stamps: Map<string, string> | null = null;
  private watcher: FSWatcher | null = null;
  private timer: NodeJS.Timeout | null = null;
  private hint: NodeJS.Timeout | null = null;

  constructor(private readonly folder: Folder) {}

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  }

  /** The workbench itself has changed these, for this caller. */
  told(paths: readonly string[], by: number): void {
    if (this.stamps === null) return;
    const now = this.folder.stamps();
    for (const path of paths) {
      const stamp = now.get(path);
      if (stamp === undefined) this.stamps.delete(path);
      else this.stamps.set(path, stamp);
    }
    for (const listener of [...this.listeners]) listener(paths, by);
  }

  stop(): void {
    this.watcher?.close();
    if (this.timer !== null) clearInterval(this.timer);
    if (this.hint !== null) clearTimeout(this.hint);
    this.watcher = this.timer = this.hint = this.stamps = null;
  }

  private start(): void {
    this.stamps = this.folder.stamps();
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
    try {
      this.watcher = watch(this.folder.root, { recursive: true, persistent: false }, () => {
        if (this.hint !== null) return;
        this.hint = setTimeout(() => {
          this.hint = null;
          this.look();
        }, CALM_MS).unref();
      });
      this.watcher.on('error', () => {
        this.watcher?.close();
        this.watcher = null;
      });
    } catch {
      // No such folder yet, or too many watches: looking now and then finds the changes as well.
    }
  }

  private look(): void {
    const before = this.stamps;
    if (before === null) return;
    const now = this.folder.stamps();
    const changed = [...now].filter(([path, stamp]) => before.get(path) !== stamp).map(([path]) => path);
    const gone = [...before.keys()].filter((path) => !now.has(path));
    this.stamps = now;
    const paths = [...changed, ...gone];
    if (paths.length > 0) for (const listener of [...this.listeners]) listener(paths, null);
  }
}

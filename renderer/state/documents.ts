import type { FileEntry } from '../../app/service/contract/workspace.ts';
import { withEntry, withoutEntry, type Document } from './state.ts';
import type { Workbench } from './workbench.ts';

const DRAFT_MS = 500;
const CHECK_MS = 250;
const MOST_RECENT = 20;

/** Files: what there is, what is open, what is not saved yet. */
export class Documents {
  private readonly drafts = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly checks = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly workbench: Workbench) {}

  async begin(): Promise<void> {
    const { host } = this.workbench;
    await this.refresh();
    host.subscribe('workspace/changes', {}, () => this.workbench.attempt(this.refresh()));
    const { value } = await host.call('state/read', { key: 'open-files' });
    const stored = value as { paths?: unknown; active?: unknown; recent?: unknown } | null;
    const known = new Set(this.workbench.state.files.map(({ path }) => path));
    const recent: unknown[] = Array.isArray(stored?.recent) ? stored.recent : [];
    const isKnown = (path: unknown): path is string => typeof path === 'string' && known.has(path);
    this.workbench.set({ recentFiles: recent.filter(isKnown).slice(0, MOST_RECENT) });
    const paths = Array.isArray(stored?.paths) ? stored.paths : [];
    for (const path of paths) {
      if (typeof path === 'string' && known.has(path)) await this.open(path, { show: false });
    }
    if (typeof stored?.active === 'string' && this.workbench.state.documents.has(stored.active)) {
      this.activate(stored.active);
    }
  }

  async refresh(): Promise<void> {
    const { files } = await this.workbench.host.call('workspace/list', {});
    this.workbench.set({ files });
  }

  /** Opens a file in the editor, with what was typed and not saved before a crash. */
  async open(path: string, { show = true }: { show?: boolean } = {}): Promise<void> {
    const { workbench } = this;
    if (!workbench.state.documents.has(path)) {
      const { text, etag, readOnly, draft } = await workbench.host.call('file/read', { path });
      this.put({ path, text: draft ?? text, saved: text, etag, readOnly, revision: 0 });
      if (draft !== null && draft !== text) {
        workbench.toast(
          'info',
          `${path}: what had not been saved is back`,
          'Undo brings back the saved text.',
        );
      }
    }
    this.activate(path);
    if (show) workbench.layout?.show('editor');
  }

  activate(path: string): void {
    const { recentFiles, diff } = this.workbench.state;
    this.workbench.set({
      activeDocument: path,
      recentFiles: [path, ...recentFiles.filter((other) => other !== path)].slice(0, MOST_RECENT),
      diff: diff?.path === path ? diff : null,
    });
    this.remember();
    this.check(path);
  }

  /** The user has typed. */
  edit(path: string, text: string): void {
    const document = this.workbench.state.documents.get(path);
    if (document === undefined || document.text === text) return;
    this.put({ ...document, text });
    this.later(this.drafts, path, DRAFT_MS, () => this.keepDraft(path));
    this.later(this.checks, path, CHECK_MS, () => this.check(path));
  }

  /** Text that comes from elsewhere than the editor: formatted, written back, reverted. */
  replace(path: string, text: string): void {
    const document = this.workbench.state.documents.get(path);
    if (document === undefined) return;
    this.put({ ...document, text, revision: document.revision + 1 });
    this.keepDraft(path);
    this.check(path);
  }

  async save(path: string): Promise<void> {
    const { workbench } = this;
    const document = workbench.state.documents.get(path);
    if (document === undefined || document.text === document.saved) return;
    if (document.readOnly) {
      await this.saveAs(path, `user/${path.split('/').at(-1) ?? 'scenario.yaml'}`);
      return;
    }
    const { etag } = await workbench.host.call('file/write', {
      path,
      text: document.text,
      etag: document.etag,
    });
    await workbench.host.call('file/draft', { path, text: null });
    const now = workbench.state.documents.get(path);
    if (now !== undefined) this.put({ ...now, saved: document.text, etag });
  }

  /** Writes the text of an open file to a new one in the user's folder, and goes on with that. */
  async saveAs(path: string, to: string): Promise<void> {
    const { workbench } = this;
    const document = workbench.state.documents.get(path);
    if (document === undefined) return;
    const free = this.freeName(to);
    await workbench.host.call('file/write', { path: free, text: document.text, etag: null });
    await workbench.host.call('file/draft', { path, text: null });
    const overrides = workbench.state.overrides.get(path);
    if (overrides !== undefined) {
      workbench.set({ overrides: withEntry(workbench.state.overrides, free, overrides) });
    }
    this.replace(path, document.saved);
    await this.refresh();
    await this.open(free);
    workbench.toast('success', `Saved as ${free}`, 'Bundled scenarios stay as they are.');
  }

  /** Makes a file in the user's folder and opens it. */
  async create(name: string, text: string): Promise<string> {
    const path = this.freeName(`user/${name}`);
    await this.workbench.host.call('file/write', { path, text, etag: null });
    await this.refresh();
    await this.open(path);
    return path;
  }

  close(path: string): void {
    const { workbench } = this;
    const documents = withoutEntry(workbench.state.documents, path);
    const { activeDocument, diff } = workbench.state;
    workbench.set({
      documents,
      diff: diff?.path === path ? null : diff,
      activeDocument: activeDocument === path ? ([...documents.keys()].at(-1) ?? null) : activeDocument,
    });
    this.remember();
  }

  /** Shows the active file beside another one; beside what is saved of it if that is null. */
  compare(other: string | null): void {
    const { activeDocument } = this.workbench.state;
    if (activeDocument === null) return;
    this.workbench.set({ diff: { path: activeDocument, other } });
    this.workbench.layout?.show('editor');
  }

  /** Shows Markdown as a page, or as it is written. */
  togglePage(path: string): void {
    const asText = new Set(this.workbench.state.asText);
    if (!asText.delete(path)) asText.add(path);
    this.workbench.set({ asText });
  }

  private check(path: string): void {
    const { workbench } = this;
    const document = workbench.state.documents.get(path);
    if (document === undefined || !path.endsWith('.yaml') || workbench.isViewer) return;
    const { text } = document;
    workbench.attempt(
      workbench.host.call('scenario/check', { text, path }).then((result) => {
        if (workbench.state.documents.get(path)?.text !== text) return;
        workbench.set({ checks: withEntry(workbench.state.checks, path, result) });
      }),
    );
  }

  private keepDraft(path: string): void {
    const document = this.workbench.state.documents.get(path);
    if (document === undefined) return;
    const { settings } = this.workbench.state;
    if (settings.autosave && !document.readOnly) {
      this.workbench.attempt(this.save(path));
      return;
    }
    const text = document.text === document.saved ? null : document.text;
    this.workbench.attempt(this.workbench.host.call('file/draft', { path, text }));
  }

  private remember(): void {
    const { documents, activeDocument, recentFiles } = this.workbench.state;
    const value = { paths: [...documents.keys()], active: activeDocument, recent: [...recentFiles] };
    if (!this.workbench.isViewer) {
      this.workbench.attempt(this.workbench.host.call('state/write', { key: 'open-files', value }));
    }
  }

  private put(document: Document): void {
    const { state } = this.workbench;
    this.workbench.set({ documents: withEntry(state.documents, document.path, document) });
  }

  private freeName(path: string): string {
    const taken = new Set(this.workbench.state.files.map((file: FileEntry) => file.path));
    const dot = path.lastIndexOf('.');
    const [stem, ending] = [path.slice(0, dot), path.slice(dot)];
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? path : `${stem}-${number}${ending}`;
      if (!taken.has(candidate)) return candidate;
    }
  }

  private later(
    timers: Map<string, ReturnType<typeof setTimeout>>,
    path: string,
    ms: number,
    work: () => void,
  ): void {
    clearTimeout(timers.get(path));
    timers.set(
      path,
      setTimeout(() => {
        timers.delete(path);
        work();
      }, ms),
    );
  }
}

/** Has the file text that is not saved? */
export function isDirty(document: Document): boolean {
  return document.text !== document.saved;
}

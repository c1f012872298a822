import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { ServiceError } from '../../app/service/contract/wire.ts';
import type { Host } from '../host/host.ts';
import type { LayoutControl } from '../shell/layout-control.ts';
import { Documents } from './documents.ts';
import { Guests } from './guests.ts';
import { Kernels } from './kernels.ts';
import { Runs } from './runs.ts';
import { Searches } from './searches.ts';
import { Sharing } from './sharing.ts';
import { initialState, type State, type Toast } from './state.ts';
import { Windows } from './windows.ts';
import { applySettings } from './apply-settings.ts';
import { readSettings, type Settings } from './settings.ts';

/**
 * The user interface without its looks: the state, and what can be done. Data flows one way: actions ask the service
 * and change the state, panels show it.
 */
export class Workbench {
  readonly store: StoreApi<State> = createStore(() => initialState);
  readonly documents = new Documents(this);
  readonly kernels = new Kernels(this);
  readonly runs = new Runs(this);
  readonly searches = new Searches(this);
  readonly guests = new Guests(this);
  readonly sharing = new Sharing(this);
  readonly windows = new Windows(this);
  /** Set once the panels stand. */
  layout: LayoutControl | null = null;
  private nextToast = 1;

  constructor(readonly host: Host) {
    this.set({ host: host.state });
    host.onState((state) => {
      const before = this.state.host.kind;
      this.set({ host: state });
      if (state.kind === 'open' && before !== 'open') this.attempt(this.begin());
    });
  }

  get state(): State {
    return this.store.getState();
  }

  get isViewer(): boolean {
    return this.state.host.kind === 'open' && this.state.host.role === 'viewer';
  }

  set(change: Partial<State>): void {
    this.store.setState(change);
  }

  /** Shows what goes wrong in a piece of work that nobody waits for. */
  attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.report(error));
  }

  report(error: unknown): void {
    if (error instanceof ServiceError && error.code === 'cancelled') return;
    const text = error instanceof Error ? error.message : String(error);
    this.toast('error', text, error instanceof ServiceError ? error.fix : null);
  }

  toast(
    kind: Toast['kind'],
    text: string,
    detail: string | null = null,
    command: string | null = null,
  ): void {
    const id = this.nextToast++;
    const others = this.state.toasts.filter((toast) => toast.text !== text).slice(-4);
    this.set({ toasts: [...others, { id, kind, text, detail, command }] });
    if (kind !== 'error') setTimeout(() => this.dismiss(id), 6000);
  }

  dismiss(id: number): void {
    this.set({ toasts: this.state.toasts.filter((toast) => toast.id !== id) });
  }

  changeSettings(change: Partial<Settings>): void {
    const settings = { ...this.state.settings, ...change };
    this.set({ settings });
    applySettings(settings);
    if (!this.isViewer) this.attempt(this.host.call('state/write', { key: 'settings', value: settings }));
  }

  /** Everything that is known at the start, or after the host has come back. */
  private async begin(): Promise<void> {
    if (!this.isViewer) {
      const { value } = await this.host.call('state/read', { key: 'settings' });
      const settings = readSettings(value ?? {});
      this.set({ settings });
      applySettings(settings);
    }
    this.set({ catalogue: await this.host.call('scenario/catalogue', {}) });
    // A part that cannot be had leaves the others alone.
    const parts: { begin(): Promise<void> }[] = [this.runs, this.searches, this.guests];
    if (this.isViewer) this.sharing.follow();
    else parts.push(this.documents, this.sharing, this.windows);
    for (const part of parts) this.attempt(part.begin());
  }
}

const WorkbenchContext = createContext<Workbench | null>(null);
export const WorkbenchProvider = WorkbenchContext.Provider;

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (workbench === null) throw new Error('a panel stands outside of the workbench');
  return workbench;
}

/** Part of the state; the component is drawn again when that part changes. */
export function useSelector<Part>(select: (state: State) => Part): Part {
  return useStore(useWorkbench().store, select);
}

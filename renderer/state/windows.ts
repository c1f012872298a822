import type { TopicEvent } from '../../app/service/contract/contract.ts';
import type { Workbench } from './workbench.ts';

/** What goes on between the workbench and a host with windows of its own. */
export class Windows {
  private shown: number | null = null;
  private busy = false;

  constructor(private readonly workbench: Workbench) {}

  begin(): Promise<void> {
    const { host, store } = this.workbench;
    if (!host.capabilities.taskbarProgress) return Promise.resolve();
    host.subscribe('window/opened', {}, (opened) => this.workbench.attempt(this.open(opened)));
    store.subscribe(() => this.tell());
    return Promise.resolve();
  }

  /** Shows what was opened from outside; only the user runs it. */
  private async open(opened: TopicEvent<'window/opened'>): Promise<void> {
    const { workbench } = this;
    switch (opened.kind) {
      case 'problem':
        workbench.toast('error', opened.message);
        break;
      case 'path':
        await workbench.documents.open(opened.path);
        break;
      case 'file':
        if (/\.(yaml|replay)$/.test(opened.name)) await workbench.documents.create(opened.name, opened.text);
        else await workbench.runs.importTrace(opened.text, opened.name);
        break;
    }
  }

  /** Progress of searches on the task bar, and a word when they have ended while nobody looked. */
  private tell(): void {
    const running = [...this.workbench.state.searches.values()].filter(({ state }) => state === 'running');
    const done = running.reduce((sum, { executions }) => sum + executions, 0);
    const left = running.reduce((sum, { remaining }) => sum + (remaining ?? 0), 0);
    const value = running.length === 0 ? null : Math.round((done / Math.max(done + left, 1)) * 100) / 100;
    if (value === this.shown) return;
    this.shown = value;
    this.workbench.attempt(this.workbench.host.call('window/progress', { value }));
    const ended = this.busy && running.length === 0;
    this.busy = running.length > 0;
    if (!ended) return;
    const title = 'The search has ended';
    this.workbench.attempt(this.workbench.host.call('window/notify', { title, body: this.verdict() }));
  }

  private verdict(): string {
    const last = [...this.workbench.state.searches.values()].at(-1);
    if (last === undefined) return '';
    return last.finds.length === 0
      ? `Nothing has gone wrong: ${last.covered}`
      : `${last.finds.length} outcomes found`;
  }
}

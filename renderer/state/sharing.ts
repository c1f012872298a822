import type { Workbench } from './workbench.ts';

const PUBLISH_MS = 60;

/** One workbench shown to others. The owner publishes what they look at; viewers follow, or look around alone. */
export class Sharing {
  private layoutShown = '';
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly workbench: Workbench) {}

  begin(): Promise<void> {
    this.workbench.host.subscribe('share/state', {}, (share) => this.workbench.set({ share }));
    return Promise.resolve();
  }

  async start(address: string): Promise<void> {
    this.workbench.set({ share: await this.workbench.host.call('share/start', { address }) });
    this.changed();
  }

  async stop(): Promise<void> {
    this.workbench.set({ share: await this.workbench.host.call('share/stop', {}) });
  }

  async drop(viewer: string): Promise<void> {
    this.workbench.set({ share: await this.workbench.host.call('share/drop', { viewer }) });
  }

  /** Something that viewers shall see has changed. */
  changed(): void {
    if (!this.workbench.state.share.active || this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.workbench.attempt(this.workbench.host.call('share/publish', { view: this.view() }));
    }, PUBLISH_MS);
  }

  /** As a viewer: shows what the owner looks at. */
  follow(): void {
    this.workbench.host.subscribe('share/view', {}, ({ view }) => {
      if (this.workbench.state.following) this.workbench.attempt(this.show(view));
    });
  }

  private view(): Record<string, unknown> {
    const { activeRun, cursor, activeDocument, activeGuest, settings } = this.workbench.state;
    return {
      activeRun,
      cursor,
      activeDocument,
      activeGuest,
      theme: settings.theme,
      layout: this.workbench.layout?.save() ?? null,
    };
  }

  private async show(view: Record<string, unknown>): Promise<void> {
    const { workbench } = this;
    const { activeRun, cursor, activeDocument, activeGuest, layout } = view;
    // With each step comes the layout as well; panels that stand are left alone.
    const text = JSON.stringify(layout ?? null);
    if (text !== this.layoutShown && layout !== null && layout !== undefined) {
      // A layout that cannot be shown here must not leave nothing.
      if (workbench.layout?.restore(layout) === false) workbench.layout.apply('run');
      if (workbench.layout !== null) this.layoutShown = text;
    }
    if (typeof activeDocument === 'string') await workbench.documents.open(activeDocument, { show: false });
    if (typeof activeGuest === 'string') workbench.set({ activeGuest });
    if (typeof activeRun === 'string' && workbench.state.activeRun !== activeRun) {
      if (!workbench.state.runs.has(activeRun)) await workbench.runs.begin();
      workbench.runs.activate(activeRun);
    }
    if (typeof cursor === 'number') workbench.runs.moveTo(cursor);
  }
}

import type { Params } from '../../app/service/contract/contract.ts';
import type { Find } from '../../app/service/contract/search.ts';
import { withEntry } from './state.ts';
import type { Workbench } from './workbench.ts';

export type SearchWishes = Omit<Params<'search/start'>, 'text' | 'path' | 'overrides'>;
export type MatrixWishes = Omit<Params<'matrix/start'>, 'text' | 'path'>;

/** Searches and matrices that go on, or have gone on, in this session. */
export class Searches {
  constructor(private readonly workbench: Workbench) {}

  async begin(): Promise<void> {
    const { searches } = await this.workbench.host.call('search/list', {});
    for (const { id } of searches) this.follow(id);
  }

  /** Searches the interleavings of the active scenario. */
  async start(wishes: SearchWishes): Promise<void> {
    const scenario = this.scenario();
    if (scenario === null) return;
    const overrides = this.workbench.kernels.overrides;
    const { id } = await this.workbench.host.call('search/start', { ...scenario, overrides, ...wishes });
    this.follow(id);
    this.workbench.layout?.show('outcomes');
  }

  async startMatrix(wishes: MatrixWishes): Promise<void> {
    const scenario = this.scenario();
    if (scenario === null) return;
    const { id } = await this.workbench.host.call('matrix/start', { ...scenario, ...wishes });
    this.workbench.host.subscribe('matrix/state', { id }, (state) => {
      this.workbench.set({ matrices: withEntry(this.workbench.state.matrices, id, state) });
    });
    this.workbench.layout?.show('matrix');
  }

  async cancel(id: string): Promise<void> {
    await this.workbench.host.call('search/cancel', { id });
  }

  /** Opens what a search has found as a run. */
  async open(find: Find): Promise<void> {
    if (find.replay === null) {
      this.workbench.toast('info', 'This outcome has no replay');
      return;
    }
    await this.workbench.runs.replay(find.replay, find.title);
    this.workbench.layout?.show('timeline');
  }

  private follow(id: string): void {
    this.workbench.host.subscribe('search/state', { id }, (state) => {
      this.workbench.set({ searches: withEntry(this.workbench.state.searches, id, state) });
    });
  }

  private scenario(): { text: string; path: string } | null {
    const { activeDocument, documents } = this.workbench.state;
    const document = activeDocument === null ? undefined : documents.get(activeDocument);
    if (document === undefined || !document.path.endsWith('.yaml')) {
      this.workbench.toast('info', 'Open a scenario first', 'Ctrl+P lists them.');
      return null;
    }
    return { text: document.text, path: document.path };
  }
}

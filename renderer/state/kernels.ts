import type { KernelSettings, Overrides } from '../../app/service/contract/scenario.ts';
import { withEntry } from './state.ts';
import type { Workbench } from './workbench.ts';

/** Kernel settings above those of a scenario: tried out first, written into the scenario when they are to stay. */
export class Kernels {
  constructor(private readonly workbench: Workbench) {}

  /** The settings above the active scenario's own. */
  get overrides(): Overrides {
    const { activeDocument, overrides } = this.workbench.state;
    return activeDocument === null ? {} : (overrides.get(activeDocument) ?? {});
  }

  change(change: Overrides): void {
    const { activeDocument, overrides } = this.workbench.state;
    if (activeDocument === null) return;
    const next = { ...this.overrides, ...change };
    this.workbench.set({ overrides: withEntry(overrides, activeDocument, next) });
  }

  /** Sets an option; back at the scenario's own value it is no difference any more. */
  setOption(name: string, value: boolean | number): void {
    const { activeDocument, checks } = this.workbench.state;
    const own = activeDocument === null ? undefined : checks.get(activeDocument)?.kernel?.config[name];
    const config = Object.fromEntries(
      Object.entries(this.overrides.config ?? {}).filter(([other]) => other !== name),
    );
    if (own !== value) config[name] = value;
    this.change({ config });
  }

  reset(): void {
    const { activeDocument, overrides } = this.workbench.state;
    if (activeDocument === null) return;
    this.workbench.set({ overrides: withEntry(overrides, activeDocument, {}) });
  }

  /** What comes of the scenario's kernel with these settings. */
  async resolve(): Promise<{ kernel: KernelSettings; notes: string[]; issues: string[] }> {
    const { activeDocument, documents } = this.workbench.state;
    const text = activeDocument === null ? '' : (documents.get(activeDocument)?.text ?? '');
    return this.workbench.host.call('kernel/resolve', { text, overrides: this.overrides });
  }

  /** Writes the settings into the scenario's text. */
  async writeBack(): Promise<void> {
    const { activeDocument, documents } = this.workbench.state;
    const document = activeDocument === null ? undefined : documents.get(activeDocument);
    if (document === undefined) return;
    const { text } = await this.workbench.host.call('kernel/write-back', {
      text: document.text,
      overrides: this.overrides,
    });
    this.workbench.documents.replace(document.path, text);
    this.reset();
  }
}

/** How many settings differ from the scenario's own. */
export function differences(overrides: Overrides): number {
  const { config, ...others } = overrides;
  const set = Object.values(others).filter((value) => value !== undefined);
  return set.length + Object.keys(config ?? {}).length;
}

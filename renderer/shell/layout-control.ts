import type { DockviewApi } from 'dockview-react';
import { findPanel } from '../panels/registry.ts';
import { presets, type Placement, type Preset, type PresetName } from './presets.ts';

/** A layout that is stored says which version of this file wrote it; others are not read. */
const LAYOUT_VERSION = 1;

/** What the panels have in a window of 1280 by 720. */
const [USUAL_WIDTH, USUAL_HEIGHT] = [1280, 600];

/** The panels on the screen: shown, moved, saved. */
export class LayoutControl {
  constructor(
    private readonly api: DockviewApi,
    private readonly isViewer: () => boolean,
  ) {}

  /** Shows a panel, wherever it is; one that is closed opens beside the active one. */
  show(id: string): void {
    const definition = findPanel(id);
    if (definition === undefined) return;
    const open = this.api.getPanel(id);
    if (open !== undefined) open.api.setActive();
    else this.api.addPanel({ id, component: id, title: definition.title });
  }

  isVisible(id: string): boolean {
    return this.api.getPanel(id)?.api.isVisible === true;
  }

  close(id: string): void {
    this.api.getPanel(id)?.api.close();
  }

  closeActive(): void {
    this.api.activePanel?.api.close();
  }

  toggleMaximised(): void {
    const panel = this.api.activePanel;
    if (panel === undefined) return;
    if (panel.api.isMaximized()) panel.api.exitMaximized();
    else panel.api.maximize();
  }

  /** The next group of panels gets the focus; -1 for the one before. */
  cycle(direction: 1 | -1): void {
    const { groups, activeGroup } = this.api;
    const at = groups.findIndex((group) => group === activeGroup);
    const next = groups[(at + direction + groups.length) % groups.length];
    const panel = next?.activePanel;
    panel?.api.setActive();
    const inside = next?.element;
    (
      inside?.querySelector<HTMLElement>('.panel') ?? inside?.querySelector<HTMLElement>('[tabindex]')
    )?.focus();
  }

  apply(name: PresetName): void {
    const preset: Preset = presets[name];
    this.api.clear();
    for (const placement of preset.placements) this.place(placement);
    for (const id of preset.active) this.api.getPanel(id)?.api.setActive();
  }

  save(): unknown {
    return { version: LAYOUT_VERSION, layout: this.api.toJSON() };
  }

  /** False if what was stored is no layout that can be shown. */
  restore(stored: unknown): boolean {
    const { version, layout } = (stored ?? {}) as { version?: unknown; layout?: unknown };
    if (version !== LAYOUT_VERSION || typeof layout !== 'object' || layout === null) return false;
    try {
      this.api.fromJSON(layout as ReturnType<DockviewApi['toJSON']>, { reuseExistingPanels: true });
      // The owner's layout, shown to a viewer, has panels that are of no use to them.
      for (const { id } of this.isViewer() ? [...this.api.panels] : []) {
        if (findPanel(id)?.forViewers !== true) this.close(id);
      }
      return this.api.panels.length > 0;
    } catch {
      this.api.clear();
      return false;
    }
  }

  onChange(listener: () => void): () => void {
    const change = this.api.onDidLayoutChange(listener);
    return () => change.dispose();
  }

  private place({ panel, beside, direction, size }: Placement): void {
    const definition = findPanel(panel);
    if (definition === undefined || (this.isViewer() && !definition.forViewers)) return;
    const reference = beside === undefined ? undefined : this.api.getPanel(beside);
    const vertical = direction === 'above' || direction === 'below';
    // Sizes are meant for a usual window; in a small one, or a magnified one, each gives its share.
    const share = vertical ? this.api.height / USUAL_HEIGHT : this.api.width / USUAL_WIDTH;
    // Before the first layout the dock has no size.
    const pixels = size === undefined ? undefined : Math.round(size * Math.min(1, share === 0 ? 1 : share));
    this.api.addPanel({
      id: panel,
      component: panel,
      title: definition.title,
      ...(reference !== undefined && {
        position: { referencePanel: reference.id, direction: direction ?? 'within' },
      }),
      ...(pixels !== undefined && (vertical ? { initialHeight: pixels } : { initialWidth: pixels })),
    });
  }
}

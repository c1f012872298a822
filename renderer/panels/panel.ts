import type { ComponentType, LazyExoticComponent } from 'react';

/** A panel as layouts, menus and the palette know it. */
export interface PanelDefinition {
  readonly id: string;
  readonly title: string;
  /** The name of a codicon. */
  readonly icon: string;
  /** One sentence: what it shows. */
  readonly summary: string;
  /** Shortcut that shows it. */
  readonly keys?: string;
  /** Viewers of a shared session have it too. */
  readonly forViewers: boolean;
  readonly component: LazyExoticComponent<ComponentType>;
}

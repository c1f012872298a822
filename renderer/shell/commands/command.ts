import type { State } from '../../state/state.ts';
import type { Workbench } from '../../state/workbench.ts';

export const menus = ['File', 'View', 'Run', 'Go', 'Guest', 'Share', 'Help'] as const;
export type MenuName = (typeof menus)[number];

/** Something that can be done: in a menu, in the palette, by a shortcut. */
export interface Command {
  readonly id: string;
  readonly title: string;
  readonly menu: MenuName;
  /** Items of one section stand together in the menu. */
  readonly section: number;
  readonly icon?: string;
  readonly keys?: readonly string[];
  /** One sentence for tooltips. */
  readonly summary?: string;
  /** Without it the command can always be given. */
  readonly when?: (state: State) => boolean;
  /** Viewers of a shared session have it too. */
  readonly forViewers?: boolean;
  /** The shortcut works while something is typed as well. */
  readonly whileTyping?: boolean;
  run(workbench: Workbench): void | Promise<void>;
}

/** Most commands that move in a run need to know where it stands. */
export const hasCursor = ({ cursor }: State): boolean => cursor !== null;

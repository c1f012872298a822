import { panels } from '../../panels/registry.ts';
import type { Settings } from '../../state/settings.ts';
import { presets, type PresetName } from '../presets.ts';
import type { Command } from './command.ts';

/** What the commands of the view have in common: they work everywhere, for everybody. */
const anywhere = { menu: 'View', whileTyping: true, forViewers: true } as const;

const layoutCommands = Object.entries(presets).map(([name, preset], index): Command => ({
  ...anywhere,
  id: `view.layout.${name}`,
  title: `Layout: ${preset.name}`,
  summary: preset.summary,
  section: 0,
  icon: 'layout',
  // Alt+1 and so on change tabs in some browsers.
  keys: [`Alt+Shift+${index + 1}`],
  run: (workbench) => {
    workbench.changeSettings({ presenting: name === 'present' });
    workbench.layout?.apply(name as PresetName);
  },
}));

const panelCommands = panels.map((panel): Command => ({
  ...anywhere,
  id: `view.panel.${panel.id}`,
  title: panel.title,
  summary: panel.summary,
  section: 1,
  icon: panel.icon,
  ...(panel.keys !== undefined && { keys: [panel.keys] }),
  forViewers: panel.forViewers,
  run: ({ layout }) => layout?.show(panel.id),
}));

const THEMES: readonly (readonly [Settings['theme'], string])[] = [
  ['system', 'as the System'],
  ['dark', 'Dark'],
  ['light', 'Light'],
  ['hc-dark', 'High Contrast Dark'],
  ['hc-light', 'High Contrast Light'],
];

const themeCommands = THEMES.map(([theme, title]): Command => ({
  ...anywhere,
  id: `view.theme.${theme}`,
  title: `Theme: ${title}`,
  section: 3,
  icon: 'color-mode',
  run: (workbench) => workbench.changeSettings({ theme }),
}));

const ZOOM_STEP = 1.1;
const [LEAST_ZOOM, MOST_ZOOM] = [0.5, 3];

function zoomCommand(
  id: string,
  title: string,
  keys: readonly string[],
  change: (zoom: number) => number,
): Command {
  return {
    ...anywhere,
    id: `view.zoom.${id}`,
    title,
    section: 2,
    keys,
    run: (workbench) => {
      const zoom = change(workbench.state.settings.zoom);
      workbench.changeSettings({ zoom: Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, zoom)) });
    },
  };
}

export const viewCommands: readonly Command[] = [
  ...layoutCommands,
  ...panelCommands,
  {
    ...anywhere,
    id: 'view.palette',
    title: 'Command Palette …',
    section: 2,
    icon: 'symbol-keyword',
    keys: ['$mod+Shift+P', 'F1'],
    run: (workbench) => workbench.set({ paletteOpen: 'commands' }),
  },
  zoomCommand('in', 'Larger', ['$mod++', '$mod+='], (zoom) => zoom * ZOOM_STEP),
  zoomCommand('out', 'Smaller', ['$mod+-'], (zoom) => zoom / ZOOM_STEP),
  zoomCommand('reset', 'Usual Size', ['$mod+0'], () => 1),
  {
    ...anywhere,
    id: 'view.maximise',
    title: 'Maximise the Panel, or Put It Back',
    section: 2,
    icon: 'screen-full',
    keys: ['$mod+Shift+Enter'],
    run: ({ layout }) => layout?.toggleMaximised(),
  },
  {
    ...anywhere,
    id: 'view.close-panel',
    title: 'Close the Panel',
    section: 2,
    keys: ['Alt+Shift+W'],
    run: ({ layout }) => layout?.closeActive(),
  },
  {
    ...anywhere,
    id: 'view.next-group',
    title: 'Next Group of Panels',
    section: 2,
    keys: ['F6'],
    run: ({ layout }) => layout?.cycle(1),
  },
  {
    ...anywhere,
    id: 'view.previous-group',
    title: 'Previous Group of Panels',
    section: 2,
    keys: ['Shift+F6'],
    run: ({ layout }) => layout?.cycle(-1),
  },
  ...themeCommands,
];

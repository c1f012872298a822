import { lazy } from 'react';
import type { PanelDefinition } from './panel.ts';

/** All panels, in the order of the View menu. Each is loaded when it is first shown. */
export const panels: readonly PanelDefinition[] = [
  {
    id: 'welcome',
    title: 'Welcome',
    icon: 'home',
    summary: 'The three journeys: run a scenario, replay a find, share a session.',
    forViewers: false,
    component: lazy(() => import('./welcome/welcome.tsx')),
  },
  {
    id: 'explorer',
    title: 'Files',
    icon: 'files',
    summary: 'Bundled scenarios, and your own files.',
    keys: '$mod+Shift+E',
    forViewers: false,
    component: lazy(() => import('./explorer/explorer.tsx')),
  },
  {
    id: 'editor',
    title: 'Editor',
    icon: 'edit',
    summary: 'The scenario, with completion, explanations and diagnostics.',
    keys: '$mod+1',
    forViewers: true,
    component: lazy(() => import('./editor/editor.tsx')),
  },
  {
    id: 'kernel',
    title: 'Kernel',
    icon: 'circuit-board',
    summary: 'Tree, patches and Kconfig toggles that the scenario runs with.',
    keys: '$mod+Shift+K',
    forViewers: false,
    component: lazy(() => import('./kernel/kernel.tsx')),
  },
  {
    id: 'console',
    title: 'Console',
    icon: 'terminal',
    summary: 'Guests behind an emulated virtme-ng console.',
    keys: 'Ctrl+`',
    forViewers: true,
    component: lazy(() => import('./console/console.tsx')),
  },
  {
    id: 'dmesg',
    title: 'dmesg',
    icon: 'output',
    summary: "The kernel's log of the run; reports fold, and lead to their step.",
    keys: '$mod+Shift+M',
    forViewers: true,
    component: lazy(() => import('./dmesg/dmesg.tsx')),
  },
  {
    id: 'timeline',
    title: 'Timeline',
    icon: 'pulse',
    summary: 'When what happened: CPUs, tasks, locks, SRCU, counters.',
    keys: '$mod+Shift+X',
    forViewers: true,
    component: lazy(() => import('./timeline/timeline.tsx')),
  },
];

export function findPanel(id: string): PanelDefinition | undefined {
  return panels.find((panel) => panel.id === id);
}

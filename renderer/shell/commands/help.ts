import type { Command } from './command.ts';

export const helpCommands: readonly Command[] = [
  {
    id: 'help.tour',
    title: 'Take the Tour of the Founding Case',
    summary: 'A splat is found, explained, and compared with the patched kernel: seven stations.',
    menu: 'Help',
    section: 0,
    icon: 'map',
    run: (workbench) => workbench.set({ tour: 0 }),
  },
  {
    id: 'help.shortcuts',
    title: 'Keyboard Shortcuts',
    menu: 'Help',
    section: 0,
    icon: 'keyboard',
    keys: ['?'],
    forViewers: true,
    run: (workbench) => workbench.set({ dialog: 'shortcuts' }),
  },
  {
    id: 'help.about',
    title: 'About Scythe',
    menu: 'Help',
    section: 1,
    icon: 'info',
    forViewers: true,
    run: (workbench) => workbench.set({ dialog: 'about' }),
  },
];

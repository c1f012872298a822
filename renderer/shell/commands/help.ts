import type { Command } from './command.ts';

export const helpCommands: readonly Command[] = [
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

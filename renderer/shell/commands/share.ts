import type { Command } from './command.ts';

export const shareCommands: readonly Command[] = [
  {
    id: 'share.start',
    title: 'Share View …',
    summary: 'Others see what you look at, live, in their browser. They can change nothing.',
    menu: 'Share',
    section: 0,
    icon: 'live-share',
    keys: ['$mod+Shift+L'],
    whileTyping: true,
    run: (workbench) => workbench.set({ dialog: 'share' }),
  },
  {
    id: 'share.stop',
    title: 'Stop Sharing',
    menu: 'Share',
    section: 0,
    icon: 'circle-slash',
    when: ({ share }) => share.active,
    run: async ({ sharing }) => {
      await sharing.stop();
    },
  },
  {
    id: 'share.follow',
    title: 'Follow the Presenter, or Look Around Alone',
    menu: 'Share',
    section: 1,
    icon: 'eye',
    forViewers: true,
    when: ({ host }) => host.kind === 'open' && host.role === 'viewer',
    run: (workbench) => workbench.set({ following: !workbench.state.following }),
  },
];

import type { Command } from './command.ts';

const hasGuest: Command['when'] = ({ activeGuest }) => activeGuest !== null;

const controls = (
  [
    ['pause', 'Pause the Guest', 'debug-pause'],
    ['resume', 'Let the Guest Go On', 'debug-start'],
    ['restart', 'Restart the Guest', 'debug-restart'],
    ['kill', 'Power the Guest Off', 'debug-stop'],
  ] as const
).map(([action, title, icon]): Command => ({
  id: `guest.${action}`,
  title,
  menu: 'Guest',
  section: 1,
  icon,
  when: hasGuest,
  run: async ({ state, host }) => {
    if (state.activeGuest !== null) await host.call('guest/control', { id: state.activeGuest, action });
  },
}));

const records = (
  [
    ['scenario', 'Save What Was Typed as a Scenario', 'session.yaml'],
    ['asciicast', 'Save the Session as asciicast', 'session.cast'],
  ] as const
).map(([format, title, name]): Command => ({
  id: `guest.record.${format}`,
  title,
  menu: 'Guest',
  section: 2,
  icon: 'record',
  when: hasGuest,
  run: async ({ state, host, documents }) => {
    if (state.activeGuest === null) return;
    const { text } = await host.call('guest/record', { id: state.activeGuest, format });
    await documents.create(name, text);
  },
}));

export const guestCommands: readonly Command[] = [
  {
    id: 'guest.open',
    title: 'Boot a Guest',
    summary: 'A console on the kernel of the scenario and of the kernel panel.',
    menu: 'Guest',
    section: 0,
    icon: 'terminal',
    keys: ['$mod+Shift+G'],
    whileTyping: true,
    run: async ({ guests }) => {
      await guests.open();
    },
  },
  ...controls,
  ...records,
  {
    id: 'guest.timeline',
    title: 'Show the Guest in the Timeline',
    summary: 'Runs again what the guest did until now, with everything recorded.',
    menu: 'Guest',
    section: 2,
    icon: 'pulse',
    when: hasGuest,
    run: async ({ state, runs, layout }) => {
      if (state.activeGuest !== null) await runs.ofGuest(state.activeGuest);
      layout?.show('timeline');
    },
  },
];

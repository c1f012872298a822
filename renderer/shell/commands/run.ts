import { saveFile } from '../../widgets/save-file.ts';
import { hasCursor, type Command } from './command.ts';

const hasDocument: Command['when'] = ({ activeDocument }) => activeDocument !== null;
const hasRun: Command['when'] = ({ activeRun }) => activeRun !== null;
const somethingRuns: Command['when'] = ({ runs, searches, matrices }) =>
  [...runs.values(), ...searches.values(), ...matrices.values()].some(({ state }) => state === 'running');

const EXPORTS = [
  ['ftrace', 'ftrace Text'],
  ['perfetto', 'Perfetto Protobuf'],
  ['chrome', 'Chrome JSON'],
  ['dmesg', 'dmesg'],
  ['html', 'One HTML File of the Session'],
] as const;

const exportCommands = EXPORTS.map(([format, title]): Command => ({
  id: `run.export.${format}`,
  title: `Export: ${title}`,
  menu: 'Run',
  section: 3,
  icon: 'export',
  when: hasRun,
  run: async ({ state, host }) => {
    if (state.activeRun === null) return;
    const whole = { fromNs: null, toNs: null };
    const { name, mime, bytes } = await host.call('run/export', { id: state.activeRun, format, ...whole });
    saveFile(name, mime, bytes);
  },
}));

export const runCommands: readonly Command[] = [
  {
    id: 'run.start',
    title: 'Run',
    summary: 'Runs the scenario in the editor once, recorded, with the settings of the kernel panel.',
    menu: 'Run',
    section: 0,
    icon: 'play',
    keys: ['F5'],
    whileTyping: true,
    when: hasDocument,
    run: async ({ runs, layout, state }) => {
      await runs.start();
      if (!state.settings.presenting) layout?.show('dmesg');
    },
  },
  {
    id: 'run.explore',
    title: 'Explore Interleavings …',
    summary: 'Searches the schedules of the scenario for what can go wrong.',
    menu: 'Run',
    section: 0,
    icon: 'telescope',
    keys: ['$mod+F5'],
    whileTyping: true,
    when: hasDocument,
    run: (workbench) => workbench.set({ dialog: 'explore' }),
  },
  {
    id: 'run.matrix',
    title: 'Compare Kernels …',
    summary: 'Runs or explores the scenario on several trees, patches and configurations.',
    menu: 'Run',
    section: 0,
    icon: 'table',
    when: hasDocument,
    run: (workbench) => workbench.set({ dialog: 'matrix' }),
  },
  {
    id: 'run.stop',
    title: 'Stop',
    summary: 'Stops what runs; a search keeps what it has found.',
    menu: 'Run',
    section: 0,
    icon: 'debug-stop',
    keys: ['Shift+F5'],
    whileTyping: true,
    when: somethingRuns,
    run: async ({ state, runs, searches }) => {
      await runs.stop();
      for (const { id, state: is } of [...state.searches.values(), ...state.matrices.values()]) {
        if (is === 'running') await searches.cancel(id);
      }
    },
  },
  {
    id: 'run.play',
    title: 'Play or Pause',
    menu: 'Run',
    section: 1,
    icon: 'debug-continue-small',
    keys: [' '],
    forViewers: true,
    when: hasCursor,
    run: ({ runs }) => runs.play(),
  },
  {
    id: 'run.close',
    title: 'Close Run',
    menu: 'Run',
    section: 2,
    icon: 'close',
    when: hasRun,
    run: async ({ state, runs }) => {
      if (state.activeRun !== null) await runs.close(state.activeRun);
    },
  },
  {
    id: 'run.save-replay',
    title: 'Save Replay in My Files',
    menu: 'Run',
    section: 2,
    icon: 'save',
    when: hasCursor,
    run: async ({ state, host, documents }) => {
      if (state.activeRun === null) return;
      const { text } = await host.call('run/replay-file', { id: state.activeRun });
      await documents.create('run.replay', text);
    },
  },
  ...exportCommands,
];

import { skeletons } from '../../panels/editor/skeletons.ts';
import { isDirty } from '../../state/documents.ts';
import { pickTextFile } from '../../widgets/pick-file.ts';
import type { Command } from './command.ts';

const hasDocument: Command['when'] = ({ activeDocument }) => activeDocument !== null;

export const fileCommands: readonly Command[] = [
  ...skeletons.map(({ id, title, name, text }, index): Command => ({
    id: `file.new.${id}`,
    title: `New Scenario: ${title}`,
    menu: 'File',
    section: 0,
    icon: 'new-file',
    ...(index === 0 && { keys: ['Alt+N'] }),
    run: async (workbench) => {
      await workbench.documents.create(name, text);
    },
  })),
  {
    id: 'file.open',
    title: 'Go to File …',
    menu: 'File',
    section: 1,
    icon: 'go-to-file',
    keys: ['$mod+P'],
    whileTyping: true,
    run: (workbench) => workbench.set({ paletteOpen: 'files' }),
  },
  {
    id: 'file.import',
    title: 'Open Replay or Trace from Disk …',
    summary:
      'A replay file, or a trace of a real kernel: ftrace text, trace-cmd report, Chrome or Perfetto JSON.',
    menu: 'File',
    section: 1,
    icon: 'folder-opened',
    keys: ['$mod+O'],
    whileTyping: true,
    run: async ({ documents, runs }) => {
      const file = await pickTextFile('.yaml,.replay,.txt,.json,.trace');
      if (file === null) return;
      if (file.name.endsWith('.yaml')) await documents.create(file.name, file.text);
      else if (file.name.endsWith('.replay')) await runs.replay(file.text, file.name);
      else await runs.importTrace(file.text, file.name);
    },
  },
  {
    id: 'file.save',
    title: 'Save',
    menu: 'File',
    section: 2,
    icon: 'save',
    keys: ['$mod+S'],
    whileTyping: true,
    when: ({ activeDocument, documents }) => {
      const document = activeDocument === null ? undefined : documents.get(activeDocument);
      return document !== undefined && isDirty(document);
    },
    run: async ({ state, documents }) => {
      if (state.activeDocument !== null) await documents.save(state.activeDocument);
    },
  },
  {
    id: 'file.copy',
    title: 'Save a Copy in My Files',
    menu: 'File',
    section: 2,
    icon: 'save-as',
    keys: ['$mod+Shift+S'],
    whileTyping: true,
    when: hasDocument,
    run: async ({ state, documents }) => {
      const path = state.activeDocument;
      if (path !== null) await documents.saveAs(path, `user/${path.split('/').at(-1) ?? 'copy.yaml'}`);
    },
  },
  {
    id: 'file.diff.saved',
    title: 'Compare with Saved',
    summary: 'Shows what has been changed since the file was saved.',
    menu: 'File',
    section: 4,
    icon: 'diff',
    when: ({ activeDocument, documents }) => {
      const document = activeDocument === null ? undefined : documents.get(activeDocument);
      return document !== undefined && isDirty(document);
    },
    run: ({ documents }) => documents.compare(null),
  },
  {
    id: 'file.diff.with',
    title: 'Compare with …',
    summary: 'Shows the file beside another one.',
    menu: 'File',
    section: 4,
    icon: 'diff',
    when: hasDocument,
    run: (workbench) => workbench.set({ paletteOpen: 'compare' }),
  },
  {
    id: 'file.page',
    title: 'Show Markdown as Page or as Text',
    menu: 'File',
    section: 4,
    icon: 'open-preview',
    keys: ['Alt+M'],
    whileTyping: true,
    when: ({ activeDocument }) => activeDocument?.endsWith('.md') === true,
    run: ({ state, documents }) => {
      if (state.activeDocument !== null) documents.togglePage(state.activeDocument);
    },
  },
  {
    id: 'file.autosave',
    title: 'Toggle Autosave',
    menu: 'File',
    section: 2,
    run: (workbench) => {
      const autosave = !workbench.state.settings.autosave;
      workbench.changeSettings({ autosave });
      workbench.toast('info', autosave ? 'Autosave is on' : 'Autosave is off: drafts are still kept');
    },
  },
  {
    id: 'file.close',
    title: 'Close File',
    menu: 'File',
    section: 3,
    keys: ['Alt+W'],
    whileTyping: true,
    when: hasDocument,
    run: ({ state, documents }) => {
      if (state.activeDocument !== null) documents.close(state.activeDocument);
    },
  },
];

// The editor with all its features but one language: TypeScript's 7 MB stay out, kernel files are only shown.
import 'monaco-editor/features/register.all.js';
import 'monaco-editor/languages/definitions/yaml/register.js';
import 'monaco-editor/languages/definitions/typescript/register.js';
import * as monaco from 'monaco-editor/editor.js';
import EditorWorker from 'monaco-editor/editor/editor.worker.js?worker';
import { currentTheme, onTheme, themeColour, type ThemeName } from '../../state/apply-settings.ts';

self.MonacoEnvironment = { getWorker: () => new EditorWorker() };

const BASES = { dark: 'vs-dark', light: 'vs', 'hc-dark': 'hc-black', 'hc-light': 'hc-light' } as const;

/** The editor's own theme with the workbench's colours. */
function defineTheme(theme: ThemeName): void {
  monaco.editor.defineTheme('scythe', {
    base: BASES[theme],
    inherit: true,
    rules: [],
    colors: {
      'editor.background': themeColour('bg'),
      'editor.foreground': themeColour('text'),
      'editor.lineHighlightBackground': themeColour('bg-hover'),
      'editorLineNumber.foreground': themeColour('text-dim'),
      'editorGutter.background': themeColour('bg'),
      'editorWidget.background': themeColour('bg-raised'),
      'editorWidget.border': themeColour('border-strong'),
      focusBorder: themeColour('focus'),
    },
  });
  monaco.editor.setTheme('scythe');
}

defineTheme(currentTheme());
onTheme(defineTheme);

/** Options that all editors here share. */
export const editorOptions: monaco.editor.IStandaloneEditorConstructionOptions = {
  automaticLayout: true,
  fixedOverflowWidgets: true,
  fontFamily: 'JetBrains Mono, Cascadia Code, Menlo, Consolas, DejaVu Sans Mono, monospace',
  minimap: { enabled: false },
  renderWhitespace: 'boundary',
  scrollBeyondLastLine: false,
  smoothScrolling: false,
  stickyScroll: { enabled: true },
  tabSize: 2,
  theme: 'scythe',
  wordBasedSuggestions: 'off',
};

/** The size of the editor's type at a zoom. */
export function fontSize(zoom: number, presenting: boolean): number {
  return Math.round(13 * zoom * (presenting ? 1.35 : 1));
}

export { monaco };

import { monaco } from './monaco.ts';

export function uriOf(path: string): monaco.Uri {
  return monaco.Uri.from({ scheme: 'scythe', path: `/${path}` });
}

export function modelOf(path: string, text: string): monaco.editor.ITextModel {
  return (
    monaco.editor.getModel(uriOf(path)) ?? monaco.editor.createModel(text, languageOf(path), uriOf(path))
  );
}

/** The language of a file, as far as the editor has it. */
export function languageOf(path: string): string {
  return path.endsWith('.yaml') ? 'yaml' : 'plaintext';
}

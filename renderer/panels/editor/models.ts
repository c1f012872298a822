import { monaco } from './monaco.ts';

export function uriOf(path: string): monaco.Uri {
  return monaco.Uri.from({ scheme: 'scythe', path: `/${path}` });
}

/** What is not saved yet goes on top as an edit, so that undo leads back to the saved text. */
export function modelOf(path: string, text: string, saved = text): monaco.editor.ITextModel {
  const known = monaco.editor.getModel(uriOf(path));
  if (known !== null) return known;
  const model = monaco.editor.createModel(saved, languageOf(path), uriOf(path));
  if (text !== saved) {
    model.pushEditOperations(null, [{ range: model.getFullModelRange(), text }], () => null);
  }
  return model;
}

/** The language of a file, as far as the editor has it. */
export function languageOf(path: string): string {
  return path.endsWith('.yaml') ? 'yaml' : 'plaintext';
}

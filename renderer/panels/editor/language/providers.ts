import type { CatalogueData } from '../../../../app/service/contract/scenario.ts';
import type { Workbench } from '../../../state/workbench.ts';
import { monaco } from '../monaco.ts';
import { placeAt, placeToComplete, type Place } from './place.ts';
import { describe, keysAt, valuesAt, type Choice, type Schema } from './schema.ts';
import { snippets } from './snippets.ts';

const LANGUAGE = 'yaml';

/** Completion, hover, definitions, format and outline for scenarios, until the function that it returns is called. */
export function provideLanguage(workbench: Workbench): () => void {
  // Viewers read the text; the help is for those who write.
  if (workbench.isViewer) return () => {};
  let schema: Schema = {};
  workbench.attempt(
    workbench.host.call('scenario/schema', {}).then((answer) => {
      schema = answer.schema as Schema;
    }),
  );
  const { languages } = monaco;
  const provided = [
    languages.registerCompletionItemProvider(LANGUAGE, {
      triggerCharacters: [' ', ':', '-', '[', '{', ',', '\n'],
      provideCompletionItems: (model, position) => ({
        suggestions: suggestionsAt(model, position, schema, workbench.state.catalogue),
      }),
    }),
    languages.registerHoverProvider(LANGUAGE, {
      provideHover: (model, position) => hoverAt(model, position, schema, workbench.state.catalogue),
    }),
    languages.registerDefinitionProvider(LANGUAGE, {
      provideDefinition: async (model, position) => {
        const place = placeAt(model.getValue(), model.getOffsetAt(position));
        // A name, not a line of text.
        if (place === null || !/^[\w$.-]{1,200}$/.test(place.word)) return null;
        const source = await workbench.host.call('source/find', { name: place.word });
        if (source === null) return null;
        workbench.set({ sourceAt: source });
        workbench.layout?.show('source');
        return null;
      },
    }),
    languages.registerDocumentFormattingEditProvider(LANGUAGE, {
      provideDocumentFormattingEdits: async (model) => {
        const { text } = await workbench.host.call('scenario/format', { text: model.getValue() });
        return [{ range: model.getFullModelRange(), text }];
      },
    }),
    languages.registerDocumentSymbolProvider(LANGUAGE, {
      provideDocumentSymbols: (model) => symbolsOf(model, workbench),
    }),
  ];
  return () => {
    for (const part of provided) part.dispose();
  };
}

function suggestionsAt(
  model: monaco.editor.ITextModel,
  position: monaco.Position,
  schema: Schema,
  catalogue: CatalogueData | null,
): monaco.languages.CompletionItem[] {
  const place = placeToComplete(model.getValue(), model.getOffsetAt(position));
  const range = monaco.Range.fromPositions(
    position.with(undefined, position.column - typedBefore(model, position)),
    position,
  );
  if (place === null) return snippets.map((snippet) => ({ ...snippet, ...snippetKind, range }));
  if (place.inBlock) return programs(catalogue).map((choice) => valueItem(choice, range));
  const keys = keysAt(schema, place.path)
    .filter(({ word }) => !place.siblings.includes(word))
    .map((choice) => keyItem(choice, range, indentOf(model, position)));
  const values = place.part === 'value' ? valuesAt(schema, place.path) : [];
  if (values.length > 0) return values.map((choice) => valueItem(choice, range));
  // A word where a map is wanted is the beginning of its first key.
  const wholes = place.path.length > 0 ? [] : snippets;
  return [...keys, ...wholes.map((snippet) => ({ ...snippet, ...snippetKind, range }))];
}

const snippetKind = {
  kind: monaco.languages.CompletionItemKind.Snippet,
  insertTextRules: monaco.languages.CompletionItemInsertTextRule.InsertAsSnippet,
};

function keyItem(choice: Choice, range: monaco.Range, indent: string): monaco.languages.CompletionItem {
  const behind = { map: `\n${indent}  `, list: `\n${indent}  - `, value: ' ' }[choice.holds];
  return {
    label: choice.word,
    kind: monaco.languages.CompletionItemKind.Property,
    detail: choice.required ? 'required' : '',
    documentation: choice.about,
    insertText: `${choice.word}:${behind}`,
    sortText: `${choice.required ? '0' : '1'}${choice.word}`,
    range,
    command: { id: 'editor.action.triggerSuggest', title: 'Suggest' },
  };
}

function valueItem(choice: Choice, range: monaco.Range): monaco.languages.CompletionItem {
  return {
    label: choice.word,
    kind: monaco.languages.CompletionItemKind.Value,
    documentation: choice.about,
    insertText: choice.word,
    range,
  };
}

function programs(catalogue: CatalogueData | null): Choice[] {
  return (catalogue?.programs ?? []).map(({ name, description, usage }) => ({
    word: name,
    about: `${description}\n\n${usage}`,
    holds: 'value',
    required: false,
  }));
}

function hoverAt(
  model: monaco.editor.ITextModel,
  position: monaco.Position,
  schema: Schema,
  catalogue: CatalogueData | null,
): monaco.languages.Hover | null {
  const place = placeAt(model.getValue(), model.getOffsetAt(position));
  if (place === null) return null;
  const word = model.getWordAtPosition(position);
  const about = place.inBlock
    ? aboutProgram(catalogue, word?.word ?? '')
    : aboutPlace(place, schema, catalogue);
  if (about === '') return null;
  return {
    contents: [{ value: about }],
    ...(word !== null && {
      range: new monaco.Range(position.lineNumber, word.startColumn, position.lineNumber, word.endColumn),
    }),
  };
}

function aboutPlace(place: Place, schema: Schema, catalogue: CatalogueData | null): string {
  const path = place.part === 'key' ? [...place.path, place.word] : place.path;
  const about = describe(schema, path, place.word);
  const key = keysAt(schema, place.path).find(({ word }) => word === place.word)?.about ?? '';
  const event = catalogue?.traceEvents.find(({ name }) => name === place.word)?.description ?? '';
  return [...new Set([about, place.part === 'key' ? key : '', event])]
    .filter((text) => text !== '')
    .join('\n\n');
}

function aboutProgram(catalogue: CatalogueData | null, name: string): string {
  const program = catalogue?.programs.find((candidate) => candidate.name === name);
  return program === undefined ? '' : `**${program.name}**: ${program.description}\n\n\`${program.usage}\``;
}

function symbolsOf(model: monaco.editor.ITextModel, { state }: Workbench): monaco.languages.DocumentSymbol[] {
  const outline = state.checks.get(model.uri.path.slice(1))?.outline ?? [];
  return outline.map(({ name, detail, line }) => {
    const range = new monaco.Range(
      line,
      1,
      line,
      model.getLineMaxColumn(Math.min(line, model.getLineCount())),
    );
    return {
      name,
      detail,
      kind: monaco.languages.SymbolKind.Property,
      tags: [],
      range,
      selectionRange: range,
    };
  });
}

/** How much of a word stands before the cursor: names here may hold dots, dashes and slashes. */
function typedBefore(model: monaco.editor.ITextModel, { lineNumber, column }: monaco.Position): number {
  return /[\w./:-]*$/.exec(model.getLineContent(lineNumber).slice(0, column - 1))?.[0].length ?? 0;
}

function indentOf(model: monaco.editor.ITextModel, { lineNumber }: monaco.Position): string {
  return /^\s*/.exec(model.getLineContent(lineNumber))?.[0] ?? '';
}

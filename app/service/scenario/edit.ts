import { isMap, parseDocument, type Document } from 'yaml';
import { InputError } from '../../scenario/issues.ts';
import { readYaml } from '../../scenario/yaml-source.ts';
import type { Overrides } from '../contract/scenario.ts';

/** How scenarios are written: long lines stay as they are, as prose has its own breaks. */
const STYLE = { lineWidth: 0, indent: 2, indentSeq: true } as const;

/** The text as the bundled scenarios are laid out. Comments, order and quoting stay. */
export function formatScenario(text: string): string {
  return documentOf(text).toString(STYLE);
}

/** The text with settings written into it; what is not named in them stays as it is. */
export function writeBack(text: string, overrides: Overrides): string {
  const document = documentOf(text);
  const { tree, patches, config, append, cpus, memory, faults } = overrides;
  set(document, ['kernel', 'tree'], tree);
  set(document, ['kernel', 'patches'], patches);
  for (const [name, value] of Object.entries(config ?? {})) {
    set(
      document,
      ['kernel', 'config', nameIn(document, name)],
      typeof value === 'number' ? value : value ? 'y' : 'n',
    );
  }
  set(document, ['kernel', 'append'], append);
  set(document, ['kernel', 'cpus'], cpus);
  set(document, ['kernel', 'memory'], memory);
  set(document, ['faults'], faults);
  return document.toString(STYLE);
}

/** Without a value the key stays; an empty list takes it away. */
function set(document: Document, path: readonly string[], value: unknown): void {
  if (value === undefined) return;
  if (Array.isArray(value) && value.length === 0) {
    document.deleteIn(path);
    return;
  }
  for (let depth = 1; depth < path.length; depth++) {
    const parent = path.slice(0, depth);
    if (!isMap(document.getIn(parent, true))) document.setIn(parent, document.createNode({}));
  }
  document.setIn(path, document.createNode(value));
}

/** Options may stand there with or without `CONFIG_`. */
function nameIn(document: Document, name: string): string {
  const plain = name.replace(/^CONFIG_/, '');
  return document.hasIn(['kernel', 'config', `CONFIG_${plain}`]) ? `CONFIG_${plain}` : plain;
}

/** Throws an InputError where the text is no YAML, or larger and deeper than scenarios may be. */
function documentOf(text: string): Document {
  const read = readYaml(text, 'scenario');
  if (!read.ok) throw new InputError(read.issues);
  return parseDocument(text, { version: '1.2' });
}

import { LineCounter, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { catalogue } from '../../scenario/catalogue.ts';
import { InputError, type Issue } from '../../scenario/issues.ts';
import { loadScenario } from '../../scenario/load.ts';
import { resolve, type Plan } from '../../scenario/resolve.ts';
import { readYaml } from '../../scenario/yaml-source.ts';
import type { Result } from '../area.ts';
import type { ScenarioIssue } from '../contract/scenario.ts';
import { settingsOf } from './plan.ts';

type Checked = Result<'scenario/check'>;

/** All that an editor shows about a scenario's text. Never throws: what is wrong is the answer. */
export function checkScenario(text: string, path: string): Checked {
  const lines = text.split('\n');
  const outline = outlineOf(text);
  const wrong = (issues: readonly Issue[], name: string | null): Checked => ({
    issues: issues.map((issue) => placed(issue, lines)),
    name,
    kernel: null,
    actors: [],
    outline,
  });
  const loaded = loadScenario(text, path);
  if (!loaded.ok) return wrong(loaded.issues, null);
  const { value: scenario, source } = loaded;
  let plan: Plan;
  try {
    plan = resolve(scenario, source, catalogue);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return wrong(error.issues, scenario.title);
  }
  return {
    issues: [],
    name: scenario.title,
    kernel: settingsOf(plan),
    actors: [...(scenario.search?.actors ?? [])],
    outline,
  };
}

/** An issue begins where the loader says; it ends with the word or the quoted text that stands there. */
function placed({ line, column, message, fix }: Issue, lines: readonly string[]): ScenarioIssue {
  const at = { line: Math.max(line, 1), column: Math.max(column, 1) };
  const rest = (lines[at.line - 1] ?? '').slice(at.column - 1);
  const length = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s,#\]}]+)/.exec(rest)?.[0].length ?? 1;
  return { ...at, endLine: at.line, endColumn: at.column + length, severity: 'error', message, fix };
}

type Entry = Checked['outline'][number];

/** Keys of an outline are shown down to this depth, and so many of them. */
const DEEPEST = 2;
const MOST_ENTRIES = 500;

/** Keys and what stands below them, also of a text with mistakes as far as it can be read. */
function outlineOf(text: string): Entry[] {
  const bounded = readYaml(text, '');
  if (!bounded.ok && bounded.issues.some(({ code }) => code === 'too-deep' || code === 'too-large'))
    return [];
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, version: '1.2', prettyErrors: false });
  const entries: Entry[] = [];
  const add = (name: string, detail: string, offset: number, depth: number) => {
    if (entries.length < MOST_ENTRIES)
      entries.push({ name, detail, line: counter.linePos(offset).line, depth });
  };
  const walk = (node: unknown, depth: number): void => {
    if (depth > DEEPEST) return;
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (!isScalar(key)) continue;
        add(String(key.value), detailOf(value), key.range?.[0] ?? 0, depth);
        walk(value, depth + 1);
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        if (!isMap(item)) continue;
        const named = item.get('name') ?? item.get('site') ?? item.get('when', true);
        const name = typeof named === 'string' ? named : `[${index}]`;
        add(name, detailOf(item.get('program', true) ?? null), item.range?.[0] ?? 0, depth);
      }
    }
  };
  walk(document.contents, 0);
  return entries;
}

function detailOf(value: unknown): string {
  if (isSeq(value)) return `${value.items.length}`;
  if (!isScalar(value)) return '';
  const text = String(value.value).split('\n')[0];
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

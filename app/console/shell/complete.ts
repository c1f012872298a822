import type { Body } from '../../sim/call.ts';
import { listDirectory } from '../userland/libc.ts';
import { builtins } from './builtins/index.ts';
import type { Completions } from './readline/candidates.ts';
import type { Shell } from './shell.ts';
import { SIGNAL_NAMES } from './signals.ts';

const NONE: Completions = { start: 0, candidates: [], labels: [], suffix: '' };

const KEYWORDS = [
  ...[
    'if',
    'then',
    'else',
    'elif',
    'fi',
    'case',
    'esac',
    'for',
    'while',
    'until',
    'do',
    'done',
    'function',
    'time',
  ],
  ...['[[', '{', '}', '!'],
];

/** Commands whose arguments are folders only. */
const FOLDERS_ONLY = new Set(['cd', 'pushd', 'rmdir', 'mkdir']);
/** Commands that are followed by a command. */
const PREFIXES = new Set([
  'sudo',
  'exec',
  'command',
  'builtin',
  'time',
  'env',
  'nohup',
  'type',
  'then',
  'do',
  'else',
  '!',
]);
const JOB_COMMANDS = new Set(['fg', 'bg', 'jobs', 'disown', 'wait', 'kill']);

/** What could stand at the cursor of a line: commands, options, variables, jobs, users' homes, paths. */
export function* completions(shell: Shell, line: string, cursor: number): Body<Completions> {
  const before = Array.from(line).slice(0, cursor).join('');
  const { word, previous } = splitAtWord(before);
  const start = Array.from(before).length - Array.from(word).length;
  const variable = /^(.*)\$(\{?)(\w*)$/s.exec(word);
  if (variable !== null) {
    const { state } = shell;
    const names = [...new Set([...state.variables.keys(), ...state.arrays.keys()])];
    const [, front, brace, prefix] = variable;
    return plain(start, names, prefix, (name) => `${front}$${brace}${name}${brace === '' ? '' : '}'}`);
  }
  const command = previous[previous.length - 1];
  if (command === undefined || (previous.length === 1 && PREFIXES.has(command))) {
    if (!word.includes('/') && !word.startsWith('~')) return plain(start, commandNames(shell), word);
  }
  const name = previous.find((one) => !PREFIXES.has(one)) ?? '';
  if (word.startsWith('%') && JOB_COMMANDS.has(name)) {
    return plain(
      start,
      shell.state.jobs.list.map(({ text }) => `%${text.split(' ')[0]}`),
      word,
    );
  }
  if (word.startsWith('-')) {
    const found = options(shell, name);
    if (found.length > 0) return plain(start, found, word);
  }
  if (name === 'trap' && previous.length > 1)
    return plain(start, ['EXIT', 'ERR', ...SIGNAL_NAMES.map((one) => `SIG${one}`)], word);
  return yield* paths(shell, word, start, FOLDERS_ONLY.has(name));
}

/** The word that the cursor is at the end of, and those before it in the same command. */
function splitAtWord(text: string): { word: string; previous: readonly string[] } {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (quote !== '') {
      word += c;
      if (c === quote) quote = '';
    } else if (c === '\\') word += c + (text[++at] ?? '');
    else if (c === '"' || c === "'") {
      quote = c;
      word += c;
    } else if (/\s/.test(c)) {
      if (word !== '') words.push(word);
      word = '';
    } else if (/[;&|()]/.test(c)) {
      words.length = 0;
      word = '';
    } else if (c === '<' || c === '>') {
      words.push(c);
      word = '';
    } else word += c;
  }
  const assigned = /^[A-Za-z_]\w*=(.*)$/s.exec(word);
  const previous = words.filter((one) => !/^[A-Za-z_]\w*=/.test(one));
  return assigned === null ? { word, previous } : { word: assigned[1], previous: [...previous, '='] };
}

function commandNames(shell: Shell): string[] {
  const { functions, aliases } = shell.state;
  return [
    ...new Set([
      ...(shell.host.programNames?.() ?? []),
      ...[...builtins.keys()],
      ...functions.keys(),
      ...aliases.keys(),
      ...KEYWORDS,
    ]),
  ];
}

function options(shell: Shell, name: string): string[] {
  if (name === 'kill') return SIGNAL_NAMES.map((signal) => `-${signal}`);
  const program = shell.host.findProgram(name);
  if (program === null) return [];
  return [...program.options.map(({ flag }) => flag).filter((flag) => flag.startsWith('-')), '--help'];
}

/** Words that begin like the one that was typed. */
function plain(
  start: number,
  words: readonly string[],
  prefix: string,
  insert: (word: string) => string = (word) => word,
): Completions {
  const labels = words.filter((word) => word.startsWith(prefix)).sort();
  return { start, candidates: labels.map(insert), labels, suffix: ' ' };
}

function* paths(shell: Shell, word: string, start: number, foldersOnly: boolean): Body<Completions> {
  const quote = word.startsWith('"') || word.startsWith("'") ? word[0] : '';
  const text = quote === '' ? word.replace(/\\([^])/g, '$1') : word.slice(1);
  if (text.startsWith('~') && !text.includes('/')) {
    return plain(start, ['~/', '~root/'], text === '~' ? '~/' : text);
  }
  const slash = text.lastIndexOf('/');
  const folder = text.slice(0, slash + 1);
  const prefix = text.slice(slash + 1);
  const home = shell.state.variables.get('HOME') ?? '/root';
  const real = folder.startsWith('~/') ? home + folder.slice(1) : folder;
  const names = yield* listDirectory(real === '' ? '.' : real);
  if (typeof names === 'number') return NONE;
  const all = [...names]
    .sort()
    .filter((name) => name.startsWith(prefix) && (prefix !== '' || !name.startsWith('.')));
  const found: string[] = [];
  for (const name of all) {
    if (!foldersOnly || typeof (yield* listDirectory(real + name)) !== 'number') found.push(name);
  }
  const shownFolder = quote === '' ? escaped(folder) : folder;
  const candidates = found.map((name) => quote + shownFolder + (quote === '' ? escaped(name) : name));
  let suffix = '';
  if (found.length === 1) {
    const isFolder = foldersOnly || typeof (yield* listDirectory(real + found[0])) !== 'number';
    suffix = isFolder ? '/' : `${quote} `;
  }
  return { start, candidates, labels: found, suffix };
}

const escaped = (text: string): string => text.replace(/[\s\\"'`$&|;()<>*?[\]{}!#]/g, (c) => `\\${c}`);

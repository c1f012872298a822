/* eslint-disable no-control-regex -- control characters are what this file is about */

/** A key as the editor knows it: a name (`ctrl-a`, `alt-b`, `left`), or a text to insert. */
export type Key =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'key'; readonly name: string }
  /** A bracketed paste: goes in as it is, with its newlines. */
  | { readonly kind: 'paste'; readonly text: string };

const FINAL_KEYS = new Map([
  ['A', 'up'],
  ['B', 'down'],
  ['C', 'right'],
  ['D', 'left'],
  ['F', 'end'],
  ['H', 'home'],
  ['Z', 'shift-tab'],
]);

const NUMBERED_KEYS = new Map([
  ['1', 'home'],
  ['2', 'insert'],
  ['3', 'delete'],
  ['4', 'end'],
  ['5', 'page-up'],
  ['6', 'page-down'],
  ['7', 'home'],
  ['8', 'end'],
]);

const PASTE_END = '\x1b[201~';
/** A sequence that is longer is none. */
const LONGEST_SEQUENCE = 24;

/** Turns what a terminal sends into keys, character by character. */
export class KeyDecoder {
  private sequence = '';
  private pasted: string | null = null;

  /** The key that a character completes; null if more is to come. */
  feed(character: string): Key | null {
    if (this.pasted !== null) return this.paste(this.pasted + character);
    if (this.sequence !== '') return this.escape(character);
    if (character === '\x1b') {
      this.sequence = character;
      return null;
    }
    return plain(character);
  }

  private paste(pasted: string): Key | null {
    this.pasted = pasted;
    if (!pasted.endsWith(PASTE_END)) return null;
    const text = pasted.slice(0, -PASTE_END.length).replace(/\r\n?/g, '\n');
    this.pasted = null;
    return { kind: 'paste', text };
  }

  private escape(character: string): Key | null {
    this.sequence += character;
    const { sequence } = this;
    if (sequence === '\x1b[' || sequence === '\x1bO') return null;
    if (sequence === '\x1b\x1b') {
      this.sequence = '\x1b';
      return null;
    }
    if (!/^\x1b[[O]/.test(sequence)) {
      this.sequence = '';
      return { kind: 'key', name: `alt-${metaName(character)}` };
    }
    if (!/[@-~]/.test(character)) {
      if (sequence.length <= LONGEST_SEQUENCE) return null;
      this.sequence = '';
      return { kind: 'key', name: 'unknown' };
    }
    this.sequence = '';
    if (sequence === '\x1b[200~') {
      this.pasted = '';
      return null;
    }
    return { kind: 'key', name: sequenceName(sequence) };
  }
}

function plain(character: string): Key {
  const code = character.charCodeAt(0);
  if (code === 0x7f) return { kind: 'key', name: 'backspace' };
  if (code >= 0x20) return { kind: 'text', text: character };
  if (character === '\r' || character === '\n') return { kind: 'key', name: 'enter' };
  if (character === '\t') return { kind: 'key', name: 'tab' };
  return { kind: 'key', name: `ctrl-${String.fromCharCode(code + 0x40).toLowerCase()}` };
}

function metaName(character: string): string {
  const key = plain(character);
  return key.kind === 'key' ? key.name : character.toLowerCase();
}

/** `ESC [ 1 ; 5 C` is `ctrl-right`. */
function sequenceName(sequence: string): string {
  const match = /^\x1b[[O](\d*)(?:;(\d+))?([@-~])$/.exec(sequence);
  if (match === null) return 'unknown';
  const [, number, modifier, final] = match;
  const name = final === '~' ? NUMBERED_KEYS.get(number) : FINAL_KEYS.get(final);
  if (name === undefined) return 'unknown';
  const bits = modifier === undefined ? 0 : Number(modifier) - 1;
  if ((bits & 4) !== 0) return `ctrl-${name}`;
  return (bits & 2) !== 0 ? `alt-${name}` : name;
}

/**
 * Shortcuts as text: `$mod+Shift+P`, `F10`, `Ctrl+\``. `$mod` is Ctrl, and Command on a Mac.
 */
const isMac = navigator.platform.startsWith('Mac');

const MODIFIERS = ['Ctrl', 'Alt', 'Shift', 'Meta'] as const;
type Modifier = (typeof MODIFIERS)[number];

/** The shortcut of a key press, in the form that `normalise` gives. */
export function chordOf(event: KeyboardEvent): string {
  const held: Record<Modifier, boolean> = {
    Ctrl: event.ctrlKey,
    Alt: event.altKey,
    Shift: event.shiftKey,
    Meta: event.metaKey,
  };
  // With Alt some keyboards give other letters: the key itself counts.
  const plain = event.altKey ? /^(?:Key([A-Z])|Digit(\d))$/.exec(event.code) : null;
  const key = plain?.[1] ?? plain?.[2] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  // A shifted sign is what the shortcut names: `?` and not `Shift+?`.
  const sign =
    plain === null && event.key.length === 1 && event.key.toUpperCase() === event.key.toLowerCase();
  const modifiers = MODIFIERS.filter((modifier) => held[modifier] && !(modifier === 'Shift' && sign));
  return [...modifiers, key].join('+');
}

/** The same shortcut in one form, to compare. */
export function normalise(keys: string): string {
  const parts = keys.split(/\+(?=.)/).map((part) => (part === '$mod' ? (isMac ? 'Meta' : 'Ctrl') : part));
  const key = parts.at(-1) ?? '';
  const modifiers = MODIFIERS.filter((modifier) => parts.slice(0, -1).includes(modifier));
  return [...modifiers, key.length === 1 ? key.toUpperCase() : key].join('+');
}

const SIGNS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ' ': 'Space',
};

/** As menus and tooltips show it. */
export function label(keys: string): string {
  return normalise(keys)
    .split(/\+(?=.)/)
    .map((part) => SIGNS[part] ?? part)
    .join(isMac ? ' ' : '+');
}

/** Does the key press belong to what has the focus: a field that is typed into, an editor, a terminal? */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

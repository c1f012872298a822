/** What the user asks of the emulator itself, by Ctrl-A and a key, as in QEMU's terminal. */
export type Escape = 'exit' | 'monitor' | 'help' | 'save' | 'sysrq';

/** A stretch of input: for the guest (or the monitor), or a request. */
export type Typed = { readonly text: string } | { readonly escape: Escape };

const PREFIX = '\x01';

const KEYS: ReadonlyMap<string, Escape> = new Map([
  ['x', 'exit'],
  ['c', 'monitor'],
  ['h', 'help'],
  ['?', 'help'],
  ['s', 'save'],
  ['b', 'sysrq'],
]);

/** What Ctrl-A h shows. */
export const ESCAPE_HELP = [
  '',
  'C-a h    print this help',
  'C-a x    exit emulator',
  'C-a s    save what was typed as a scenario',
  'C-a b    send break (magic sysrq)',
  'C-a c    switch between console and monitor',
  'C-a C-a  sends C-a',
  '',
].join('\r\n');

/** Finds the escapes in what was typed; a Ctrl-A at the end of one chunk counts for the next. */
export class EscapeReader {
  private escaped = false;

  read(chunk: string): Typed[] {
    const typed: Typed[] = [];
    let text = '';
    for (const char of chunk) {
      if (!this.escaped) {
        if (char === PREFIX) this.escaped = true;
        else text += char;
        continue;
      }
      this.escaped = false;
      const escape = KEYS.get(char);
      if (escape === undefined) {
        // As QEMU: Ctrl-A twice is one, and any other key is for the guest.
        text += char;
        continue;
      }
      if (text !== '') typed.push({ text });
      text = '';
      typed.push({ escape });
    }
    if (text !== '') typed.push({ text });
    return typed;
  }
}

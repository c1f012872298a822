import { Terminal } from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { columns, type Completions } from './candidates.ts';
import { LineEditor, type EditorEvent } from './editor.ts';

const PROMPT = '$ ';

/** An editor with a screen: what a terminal shows of it. */
class Screen {
  readonly editor: LineEditor;
  readonly terminal: Terminal;
  events: EditorEvent[] = [];
  bells = 0;
  private unseen: string;

  constructor(cols = 40, history: readonly string[] = [], prompt = PROMPT) {
    this.terminal = new Terminal({ cols, rows: 10, allowProposedApi: true });
    this.editor = new LineEditor(prompt, cols, history);
    this.unseen = this.editor.start();
  }

  type(text: string): this {
    for (const character of text) {
      const { output, event } = this.editor.feed(character);
      this.show(output);
      if (event !== null) this.events.push(event);
    }
    return this;
  }

  show(output: string): this {
    this.bells += output.split('\x07').length - 1;
    this.unseen += output;
    return this;
  }

  /** The lines of the screen up to the last one that is not empty. */
  async lines(): Promise<string[]> {
    await this.settle();
    const { active } = this.terminal.buffer;
    const all = Array.from({ length: 10 }, (_, row) => active.getLine(row)?.translateToString(true) ?? '');
    while (all.length > 0 && all[all.length - 1] === '') all.pop();
    return all;
  }

  async cursor(): Promise<readonly [row: number, col: number]> {
    await this.settle();
    const { active } = this.terminal.buffer;
    return [active.cursorY, active.cursorX];
  }

  private settle(): Promise<void> {
    const text = this.unseen.replace(/\n/g, '\r\n');
    this.unseen = '';
    return new Promise((done) => {
      this.terminal.write(text, done);
    });
  }
}

const typed = (text: string, history: readonly string[] = []): string =>
  new Screen(80, history).type(text).editor.buffer.text;

describe('keys', () => {
  test.each([
    ['move and insert', 'bd\x01a\x06c\x05e', 'abcde'],
    ['arrows', 'ac\x1b[Db\x1b[Cd', 'abcd'],
    ['Home and End', 'bc\x1b[Ha\x1b[Fd\x1b[1~<\x1b[4~>', '<abcd>'],
    ['Backspace and Delete', 'abx\x7fc\x01\x1b[3~', 'bc'],
    ['Ctrl-D inside of a line', 'xab\x01\x04', 'ab'],
    ['Ctrl-K and Ctrl-Y', 'one two\x01\x1bf\x0b!\x19', 'one! two'],
    ['Ctrl-U', 'one two\x15three', 'three'],
    ['Ctrl-W up to a blank', 'echo /a/b/c\x17x', 'echo x'],
    ['Alt-Backspace up to a mark', 'echo /a/b/c\x1b\x7fx', 'echo /a/b/x'],
    ['words', 'one two three\x1bb\x1bb\x1bdx', 'one x three'],
    ['kills that follow each other are one', 'one two three\x17\x17\x19', 'one two three'],
    ['Alt-Y: what was killed before', 'one\x15two\x15\x19\x1by', 'one'],
    ['Ctrl-T', 'ba\x14', 'ab'],
    ['Alt-U', 'word\x01\x1bu', 'WORD'],
    ['undo', 'abc\x1f', 'ab'],
    ['Ctrl-V', 'a\x16\x01b', 'a\x01b'],
    ['Ctrl-arrows', 'one two\x1b[1;5Dx', 'one xtwo'],
    ['a paste keeps its newlines and tabs', '\x1b[200~a\tb\r\nc\x1b[201~d', 'a\tb\ncd'],
    ['an unknown sequence is nothing', 'a\x1b[99;99~b', 'ab'],
  ])('%s', (_name, keys, text) => {
    expect(typed(keys)).toBe(text);
  });

  test('Enter hands the line over, Ctrl-D on an empty one the end', () => {
    expect(new Screen().type('ls\r').events).toEqual([{ kind: 'accept', line: 'ls' }]);
    expect(new Screen().type('\x04').events).toEqual([{ kind: 'eof' }]);
  });

  test('what cannot be done rings', () => {
    expect(new Screen().type('\x7f\x02\x06\x19\x1b[A').bells).toBe(5);
  });
});

describe('history', () => {
  const history = ['first', 'second one', 'third'];

  test.each([
    ['up', '\x1b[A', 'third'],
    ['up and down', 'x\x1b[A\x1b[A\x1b[B\x1b[B', 'x'],
    ['to the first', '\x1b<', 'first'],
    ['Alt-. is the last word of the line before', 'echo \x1b.', 'echo third'],
    ['Alt-. again', 'echo \x1b.\x1b.', 'echo one'],
    ['Ctrl-R', '\x12sec\x05!', 'second one!'],
    ['Ctrl-R again goes further back', '\x12ir\x12\x05', 'first'],
    ['Ctrl-G gives a search up', 'abc\x12fir\x07', 'abc'],
  ])('%s', (_name, keys, text) => {
    expect(typed(keys, history)).toBe(text);
  });

  test('a search shows what it looks for, and says that it failed', async () => {
    const screen = new Screen(60, history).type('\x12sec');
    expect(await screen.lines()).toEqual(["(reverse-i-search)`sec': second one"]);
    screen.type('x');
    expect(await screen.lines()).toEqual(["(failed reverse-i-search)`secx': second one"]);
    screen.type('\x07');
    expect(await screen.lines()).toEqual(['$ ']);
  });
});

describe('the screen', () => {
  test('a line wraps at the right edge and can be edited there', async () => {
    const screen = new Screen(10).type('abcdefghijkl');
    expect(await screen.lines()).toEqual(['$ abcdefgh', 'ijkl']);
    expect(await screen.cursor()).toEqual([1, 4]);
    screen.type('\x01X');
    expect(await screen.lines()).toEqual(['$ Xabcdefg', 'hijkl']);
    expect(await screen.cursor()).toEqual([0, 3]);
    screen.type('\x05\x7f\x7f\x7f\x7f\x7f');
    expect(await screen.lines()).toEqual(['$ Xabcdefg']);
    expect(await screen.cursor()).toEqual([1, 0]);
  });

  test('a line that just fills the row puts the cursor in the next', async () => {
    const screen = new Screen(10).type('abcdefgh');
    expect(await screen.cursor()).toEqual([1, 0]);
    expect(await screen.type('\x02').cursor()).toEqual([0, 9]);
  });

  test('a wide character does not fit into the last column', async () => {
    const screen = new Screen(10).type('abcdefg漢x');
    expect(await screen.lines()).toEqual(['$ abcdefg', '漢x']);
    expect(await screen.cursor()).toEqual([1, 3]);
    expect(await screen.type('\x02\x02').cursor()).toEqual([1, 0]);
  });

  test('colours in the prompt take no columns', async () => {
    const screen = new Screen(20, [], '\x01\x1b[32m\x02me\x01\x1b[0m\x02> ').type('abc\x01');
    expect(await screen.lines()).toEqual(['me> abc']);
    expect(await screen.cursor()).toEqual([0, 4]);
  });

  test('Ctrl-L clears it', async () => {
    const screen = new Screen(20).show('rubbish\r\n').type('abc\x0c');
    expect(await screen.lines()).toEqual(['$ abc']);
  });

  test('Ctrl-C leaves the line where it is', async () => {
    const screen = new Screen(20).type('abc\x01');
    screen.show(screen.editor.interrupt());
    expect(await screen.lines()).toEqual(['$ abc^C']);
    expect(await screen.cursor()).toEqual([1, 0]);
  });

  test('another width draws the line anew', async () => {
    const screen = new Screen(10).type('abcdefghijkl');
    await screen.lines();
    screen.terminal.resize(30, 10);
    screen.show(screen.editor.resize(30)).type('m');
    expect(await screen.lines()).toEqual(['$ abcdefghijklm']);
  });

  test('a paste of several lines shows them below each other', async () => {
    const screen = new Screen(20).type('\x1b[200~a\nb\x1b[201~');
    expect(await screen.lines()).toEqual(['$ a', 'b']);
    expect(await screen.type('\x01').cursor()).toEqual([0, 2]);
  });
});

describe('completion', () => {
  const found = (start: number, candidates: readonly string[], suffix = ' '): Completions => ({
    ...{ start, candidates, suffix },
    labels: candidates,
  });

  test('the only candidate goes in with what follows it', () => {
    const screen = new Screen().type('una\t');
    expect(screen.events).toEqual([{ kind: 'complete', line: 'una', cursor: 3 }]);
    screen.show(screen.editor.complete(found(0, ['uname'])));
    expect(screen.editor.buffer.text).toBe('uname ');
  });

  test('several give what they have in common, and a list at the second Tab', async () => {
    const screen = new Screen(20).type('m\t');
    const both = found(0, ['memhog', 'memslot', 'memory']);
    screen.show(screen.editor.complete(both));
    expect(screen.editor.buffer.text).toBe('mem');
    screen.type('\t').show(screen.editor.complete(both));
    expect(await screen.lines()).toEqual(['$ mem']);
    screen.type('\t').show(screen.editor.complete(both));
    expect(await screen.lines()).toEqual(['$ mem', 'memhog   memory', 'memslot', '$ mem']);
  });

  test('none rings, very many are asked for', async () => {
    const screen = new Screen(40).type('x\t').show('');
    screen.show(screen.editor.complete(found(0, [])));
    expect(screen.bells).toBe(1);
    const many = found(
      0,
      Array.from({ length: 150 }, (_, i) => `x${i}`),
    );
    screen.type('\t').show(screen.editor.complete(many));
    screen.type('\t').show(screen.editor.complete(many));
    expect((await screen.lines())[1]).toBe('Display all 150 possibilities? (y or n)');
    screen.type('n');
    expect((await screen.lines())[2]).toBe('$ x');
  });

  test('lists go from the top down', () => {
    expect(columns(['a', 'b', 'c', 'd', 'e'], 10)).toBe('a  c  e\nb  d\n');
  });
});

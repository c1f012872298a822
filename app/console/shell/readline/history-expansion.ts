/** What a line becomes when its `!`s are replaced; a text that says what is wrong with one. */
export type Expanded =
  | { readonly ok: true; readonly line: string; readonly changed: boolean; readonly printOnly: boolean }
  | { readonly ok: false; readonly message: string };

/** Replaces `!!`, `!n`, `!-n`, `!text`, `!?text?`, `!$`, `!^`, `!*` with modifiers, and `^old^new^`. */
export function expandHistory(line: string, history: readonly string[]): Expanded {
  const quick = /^\^([^^]+)\^([^^]*)\^?(.*)$/s.exec(line);
  if (quick !== null) {
    const last = history[history.length - 1] ?? '';
    if (!last.includes(quick[1])) return { ok: false, message: `:s${line}: substitution failed` };
    return {
      ok: true,
      line: last.replace(quick[1], () => quick[2]) + quick[3],
      changed: true,
      printOnly: false,
    };
  }
  if (!line.includes('!')) return { ok: true, line, changed: false, printOnly: false };
  return new Expansion(line, history).run();
}

class Expansion {
  private at = 0;
  private result = '';
  private changed = false;
  private printOnly = false;

  constructor(
    private readonly line: string,
    private readonly history: readonly string[],
  ) {}

  run(): Expanded {
    const { line } = this;
    let single = false;
    let double = false;
    while (this.at < line.length) {
      const c = line[this.at];
      if (c === '\\' && !single) {
        this.result += c + (line[this.at + 1] ?? '');
        this.at += 2;
        continue;
      }
      if (c === "'" && !double) single = !single;
      else if (c === '"' && !single) double = !double;
      else if (c === '!' && !single) {
        const error = this.event(double);
        if (error !== null) return { ok: false, message: `${error}: event not found` };
        continue;
      }
      this.result += c;
      this.at++;
    }
    return { ok: true, line: this.result, changed: this.changed, printOnly: this.printOnly };
  }

  /** One `!…`; the text of an event that there is not, or null. */
  private event(quoted: boolean): string | null {
    const rest = this.line.slice(this.at);
    const next = rest[1];
    if (next === undefined || /[\s=(]/.test(next) || (quoted && next === '"')) {
      this.result += '!';
      this.at++;
      return null;
    }
    const match = /^!(?:(!)|(-?\d+)|\?([^?\n]+)\??|(?=[$^*:])|([^\s:;&|()<>"'$^*]+))/.exec(rest);
    if (match === null) {
      this.result += '!';
      this.at++;
      return null;
    }
    const [whole, , number, inside, start] = match;
    const event = this.find(number, inside, start);
    if (event === undefined) return whole;
    this.at += whole.length;
    this.changed = true;
    const text = this.words(event);
    if (text === null) return `${whole}: bad word specifier`;
    this.result += this.modify(text);
    return null;
  }

  private find(number?: string, inside?: string, start?: string): string | undefined {
    const { history } = this;
    if (number !== undefined) {
      const index = Number(number);
      return index < 0 ? history[history.length + index] : history[index - 1];
    }
    const newestFirst = [...history].reverse();
    if (inside !== undefined) return newestFirst.find((line) => line.includes(inside));
    if (start !== undefined) return newestFirst.find((line) => line.startsWith(start));
    return history[history.length - 1];
  }

  /** `:$`, `:2-3`, `$`, `*`: words of the event. */
  private words(event: string): string | null {
    const match = /^(?::?([$^*])|:(\d+)(?:-(\d+|\$)?)?(\*)?)/.exec(this.line.slice(this.at));
    if (match === null) return event;
    this.at += match[0].length;
    const words = event.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
    const [, sign, from, to, star] = match;
    if (sign === '$') return words[words.length - 1] ?? '';
    if (sign === '^') return words[1] ?? null;
    if (sign === '*') return words.slice(1).join(' ');
    const first = Number(from);
    if (first >= words.length) return null;
    const range = match[0].includes('-');
    const last =
      star !== undefined || to === '$'
        ? words.length - 1
        : to !== undefined
          ? Number(to)
          : range
            ? words.length - 2
            : first;
    return words.slice(first, last + 1).join(' ');
  }

  private modify(text: string): string {
    let changed = text;
    for (;;) {
      const match = /^:(?:([htrep])|(g?)s(.)((?:(?!\3).)*)\3((?:(?!\3).)*)\3?)/.exec(
        this.line.slice(this.at),
      );
      if (match === null) return changed;
      this.at += match[0].length;
      const [, letter, all, , old = '', by = ''] = match;
      if (letter === 'h') changed = changed.replace(/\/[^/]*$/, '');
      else if (letter === 't') changed = changed.replace(/^.*\//s, '');
      else if (letter === 'r') changed = changed.replace(/\.[^./]*$/, '');
      else if (letter === 'e') changed = /\.[^./]*$/.exec(changed)?.[0] ?? '';
      else if (letter === 'p') this.printOnly = true;
      else changed = all === 'g' ? changed.split(old).join(by) : changed.replace(old, () => by);
    }
  }
}

import { strerror } from '../../kernel/include/errno.ts';
import {
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  ECHONL,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNCR,
  INLCR,
  ISIG,
  IUTF8,
  IXON,
  NOFLSH,
  ONLCR,
  OPOST,
  TOSTOP,
  tty_std_termios,
} from '../../kernel/include/termios.ts';
import { ioctl, print, STDERR, STDIN, STDOUT } from '../userland/libc.ts';
import { tcgetattr, tcsetattr, winsize, type Termios } from '../userland/termios.ts';
import type { Program } from './program.ts';

type Flags = 'c_iflag' | 'c_oflag' | 'c_lflag';

/** Settings in the order in which `stty -a` shows them. */
const SETTINGS: readonly (readonly [name: string, field: Flags, bit: number])[] = [
  ['inlcr', 'c_iflag', INLCR],
  ['igncr', 'c_iflag', IGNCR],
  ['icrnl', 'c_iflag', ICRNL],
  ['ixon', 'c_iflag', IXON],
  ['iutf8', 'c_iflag', IUTF8],
  ['opost', 'c_oflag', OPOST],
  ['onlcr', 'c_oflag', ONLCR],
  ['isig', 'c_lflag', ISIG],
  ['icanon', 'c_lflag', ICANON],
  ['iexten', 'c_lflag', IEXTEN],
  ['echo', 'c_lflag', ECHO],
  ['echoe', 'c_lflag', ECHOE],
  ['echok', 'c_lflag', ECHOK],
  ['echonl', 'c_lflag', ECHONL],
  ['noflsh', 'c_lflag', NOFLSH],
  ['tostop', 'c_lflag', TOSTOP],
  ['echoctl', 'c_lflag', ECHOCTL],
  ['echoke', 'c_lflag', ECHOKE],
];

const CHARACTERS = [
  ['intr', 'VINTR'],
  ['quit', 'VQUIT'],
  ['erase', 'VERASE'],
  ['kill', 'VKILL'],
  ['eof', 'VEOF'],
  ['eol', 'VEOL'],
  ['start', 'VSTART'],
  ['stop', 'VSTOP'],
  ['susp', 'VSUSP'],
  ['rprnt', 'VREPRINT'],
  ['werase', 'VWERASE'],
  ['lnext', 'VLNEXT'],
] as const;

/** stty(1): shows and changes how the terminal treats what goes through it. */
export const stty: Program = {
  name: 'stty',
  summary: 'Shows or changes the settings of the terminal.',
  operands: '[SETTING]... | size | sane | raw | cooked | rows N | cols N',
  options: [
    { flag: '-a', description: 'shows all settings' },
    { flag: '-g', description: 'shows them in a form that can be given back' },
  ],
  *main({ args }) {
    const settings = yield* tcgetattr(STDIN);
    const size = yield* winsize(STDIN);
    if (typeof settings === 'number' || typeof size === 'number') {
      const error = typeof settings === 'number' ? settings : -22;
      yield* print(STDERR, `stty: 'standard input': ${strerror(error)}\n`);
      return 1;
    }
    if (args[0] === '--help') {
      yield* print(STDOUT, `usage: stty ${stty.operands ?? ''}\n${stty.summary}\n`);
      return 0;
    }
    if (args.length === 0 || args[0] === '-a') {
      const head = `speed 38400 baud;${args.length === 0 ? '' : ` rows ${size.rows}; columns ${size.cols};`} line = 0;\n`;
      yield* print(STDOUT, head + (args.length === 0 ? differences(settings) : describe(settings)));
      return 0;
    }
    if (args[0] === 'size') {
      yield* print(STDOUT, `${size.rows} ${size.cols}\n`);
      return 0;
    }
    if (args[0] === '-g') {
      const { c_iflag, c_oflag, c_lflag } = settings;
      yield* print(
        STDOUT,
        `${[c_iflag, c_oflag, 0xbf, c_lflag].map((flags) => flags.toString(16)).join(':')}\n`,
      );
      return 0;
    }
    let changed: Termios = settings;
    let window = size;
    for (let at = 0; at < args.length; at++) {
      const word = args[at];
      if (/^(?:rows|cols|columns)$/.test(word)) {
        const number = args[++at];
        if (number === undefined || !/^\d{1,4}$/.test(number)) {
          yield* print(
            STDERR,
            number === undefined
              ? `stty: missing argument to '${word}'\n`
              : `stty: invalid integer argument: '${number}'\n`,
          );
          return 1;
        }
        window = word === 'rows' ? { ...window, rows: Number(number) } : { ...window, cols: Number(number) };
        continue;
      }
      const after = change(changed, word, args[at + 1]);
      if (after === null) {
        yield* print(STDERR, `stty: invalid argument '${word}'\nTry 'stty --help' for more information.\n`);
        return 1;
      }
      if (CHARACTERS.some(([name]) => name === word)) at++;
      changed = after;
    }
    if (changed !== settings) yield* tcsetattr(STDIN, changed);
    if (window !== size) yield* ioctl(STDIN, 'TIOCSWINSZ', window);
    return 0;
  },
};

/** The settings after one word; null if it is none. */
function change(settings: Termios, word: string, next: string | undefined): Termios | null {
  const { c_iflag, c_oflag, c_lflag } = settings;
  if (word === 'sane') return tty_std_termios;
  if (word === 'raw' || word === '-cooked') {
    return {
      ...settings,
      c_iflag: c_iflag & ~(ICRNL | IXON),
      c_oflag: c_oflag & ~OPOST,
      c_lflag: c_lflag & ~(ICANON | ISIG),
    };
  }
  if (word === '-raw' || word === 'cooked') {
    return {
      ...settings,
      c_iflag: c_iflag | ICRNL | IXON,
      c_oflag: c_oflag | OPOST,
      c_lflag: c_lflag | ICANON | ISIG,
    };
  }
  if (word === 'cbreak') return { ...settings, c_lflag: c_lflag & ~ICANON };
  if (word === '-cbreak') return { ...settings, c_lflag: c_lflag | ICANON };
  const saved = /^([0-9a-f]+):([0-9a-f]+):[0-9a-f]+:([0-9a-f]+)$/.exec(word);
  if (saved !== null) {
    const [i, o, l] = saved.slice(1).map((text) => parseInt(text, 16));
    return { ...settings, c_iflag: i, c_oflag: o, c_lflag: l };
  }
  const character = CHARACTERS.find(([name]) => name === word);
  if (character !== undefined) {
    const code = characterOf(next);
    return code === null ? null : { ...settings, c_cc: { ...settings.c_cc, [character[1]]: code } };
  }
  const setting = SETTINGS.find(([name]) => name === word.replace(/^-/, ''));
  if (setting === undefined) return null;
  const [, field, bit] = setting;
  return { ...settings, [field]: word.startsWith('-') ? settings[field] & ~bit : settings[field] | bit };
}

/** `^C`, `undef` or a character. */
function characterOf(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  if (text === 'undef' || text === '^-') return '';
  if (text === '^?') return '\x7f';
  if (/^\^.$/.test(text)) return String.fromCharCode(text.toUpperCase().charCodeAt(1) & 0x1f);
  return Array.from(text).length === 1 ? text : null;
}

function shown(character: string): string {
  if (character === '') return '<undef>';
  if (character === '\x7f') return '^?';
  const code = character.charCodeAt(0);
  return code < 0x20 ? `^${String.fromCharCode(code + 0x40)}` : character;
}

function describe(settings: Termios): string {
  const keys = CHARACTERS.map(([name, field]) => `${name} = ${shown(settings.c_cc[field])};`).join(' ');
  const flags = SETTINGS.map(([name, field, bit]) => ((settings[field] & bit) !== 0 ? name : `-${name}`));
  return `${wrap(`${keys} min = ${settings.c_cc.VMIN}; time = 0;`)}\n${wrap(flags.join(' '))}\n`;
}

/** What is not as after `stty sane`. */
function differences(settings: Termios): string {
  const flags = SETTINGS.filter(
    ([, field, bit]) => (settings[field] & bit) !== (tty_std_termios[field] & bit),
  );
  const words = flags.map(([name, field, bit]) => ((settings[field] & bit) !== 0 ? name : `-${name}`));
  return words.length === 0 ? '' : `${words.join(' ')}\n`;
}

function wrap(text: string): string {
  return text.replace(/(.{1,78})(?: |$)/g, '$1\n').trimEnd();
}

import { BOOT_SECONDS } from '../../kernel/fs/proc/banner.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { kernel } from '../../kernel/kernel.ts';
import { formatTime, type LogLine } from '../../kernel/log.ts';
import { clearLog, readLog, setConsoleLevel } from '../userland/files.ts';
import { print, STDERR, STDOUT } from '../userland/libc.ts';
import { dateText } from './date.ts';
import { withOptions, type OptionReader } from './program.ts';

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];

/** `err,warn`, `warn+` (and graver), as a test of a level; a text is the word that is none. */
function levelsOf(list: string): ((level: number) => boolean) | string {
  const wanted = new Set<number>();
  for (const word of list.split(',')) {
    const name = word.replace(/^\+|\+$/g, '');
    const level = LEVELS.indexOf(name);
    if (level < 0) return word;
    const first = word.endsWith('+') ? 0 : level;
    const last = word.startsWith('+') ? LEVELS.length - 1 : level;
    for (let i = first; i <= last; i++) wanted.add(i);
  }
  return (level) => wanted.has(level);
}

function lineText(line: LogLine, options: OptionReader): string {
  const when = options.has('-t')
    ? ''
    : options.has('-T')
      ? `[${dateText(BOOT_SECONDS + Math.floor(line.time / 1e9), '%a %b %e %H:%M:%S %Y')}] `
      : formatTime(line.time);
  const decoded = options.has('-x') ? `kern  :${(LEVELS[line.level] ?? 'info').padEnd(6)}: ` : '';
  return `${decoded}${when}${line.text}\n`;
}

export const dmesg = withOptions(
  {
    name: 'dmesg',
    summary: "Prints the kernel's log.",
    permutes: true,
    options: [
      { flag: '-c', long: '--read-clear', description: 'print it, then clear it' },
      { flag: '-C', long: '--clear', description: 'clear it' },
      { flag: '-H', long: '--human', description: 'accepted; there is no pager' },
      { flag: '-k', long: '--kernel', description: 'accepted; there is nothing else' },
      {
        flag: '-l',
        long: '--level',
        value: 'LIST',
        description: 'only these levels: err,warn or warn+',
        default: '',
      },
      {
        flag: '-n',
        long: '--console-level',
        value: 'LEVEL',
        description: 'what of it the console shows',
        default: '',
      },
      { flag: '-P', long: '--nopager', description: 'accepted' },
      { flag: '-t', long: '--notime', description: 'without times' },
      { flag: '-T', long: '--ctime', description: 'with dates' },
      { flag: '-w', long: '--follow', description: 'go on as lines come' },
      { flag: '-W', long: '--follow-new', description: 'only lines that come' },
      { flag: '-x', long: '--decode', description: 'with facility and level' },
    ],
  },
  function* (options) {
    const console = options.text('-n');
    if (console !== undefined) return yield* consoleLevel(console);
    const { log } = kernel();
    if (options.has('-C')) {
      yield* clearLog();
      return 0;
    }
    const list = options.text('-l');
    const wanted = list === undefined ? () => true : levelsOf(list);
    if (typeof wanted === 'string') {
      yield* print(STDERR, `dmesg: unknown level '${wanted}'\n`);
      return 1;
    }
    const shown = (lines: readonly LogLine[]): string =>
      lines
        .filter(({ level }) => wanted(level))
        .map((line) => lineText(line, options))
        .join('');
    let at = log.lines.length;
    // A copy: the log goes on while it is printed.
    if (!options.has('-W')) yield* print(STDOUT, shown(log.lines.slice(log.clearedTo)));
    if (options.has('-c')) yield* clearLog();
    while (options.has('-w') || options.has('-W')) {
      const lines = yield* readLog(at);
      if (typeof lines === 'number') return 1;
      at += lines.length;
      const error = yield* print(STDOUT, shown(lines));
      if (error < 0) return 1;
    }
    return 0;
  },
);

function* consoleLevel(word: string) {
  const byName = LEVELS.indexOf(word);
  const level = byName < 0 ? Number(word) : byName + 1;
  const error = Number.isInteger(level) ? yield* setConsoleLevel(level) : -22;
  if (error >= 0) return 0;
  yield* print(
    STDERR,
    byName < 0 && !Number.isInteger(level)
      ? `dmesg: unknown level '${word}'\n`
      : `dmesg: klogctl failed: ${strerror(error)}\n`,
  );
  return 1;
}

/** Signals 1 to 15 and those that scripts use beyond, by number. */
export const SIGNAL_NAMES: readonly string[] = [
  ...[
    'HUP',
    'INT',
    'QUIT',
    'ILL',
    'TRAP',
    'ABRT',
    'BUS',
    'FPE',
    'KILL',
    'USR1',
    'SEGV',
    'USR2',
    'PIPE',
    'ALRM',
  ],
  ...['TERM', 'STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ', 'VTALRM'],
  ...['PROF', 'WINCH', 'IO', 'PWR', 'SYS'],
];

/** The number of `9`, `KILL` or `SIGKILL`; null for anything else. */
export function signalNumber(word: string): number | null {
  if (/^\d+$/.test(word)) return Number(word) <= SIGNAL_NAMES.length ? Number(word) : null;
  const at = SIGNAL_NAMES.indexOf(word.toUpperCase().replace(/^SIG/, ''));
  return at < 0 ? null : at + 1;
}

export function signalName(signal: number): string {
  return SIGNAL_NAMES[signal - 1] ?? String(signal);
}

/** `$?` from what wait4() gives. */
export function statusOf(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

/** What a shell says of a child that a signal ended; undefined where it says nothing. */
export function signalText(signal: number): string | undefined {
  return SIGNAL_TEXTS.get(signal);
}

const SIGNAL_TEXTS = new Map([
  [1, 'Hangup'],
  [3, 'Quit'],
  [4, 'Illegal instruction'],
  [6, 'Aborted'],
  [7, 'Bus error'],
  [8, 'Floating point exception'],
  [9, 'Killed'],
  [10, 'User defined signal 1'],
  [11, 'Segmentation fault'],
  [12, 'User defined signal 2'],
  [14, 'Alarm clock'],
  [15, 'Terminated'],
]);

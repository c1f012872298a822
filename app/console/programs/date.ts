import { machineInForce } from '../../sim/machine-in-force.ts';
import { BOOT_SECONDS } from '../../kernel/fs/proc/banner.ts';
import { print, STDERR, STDOUT } from '../userland/libc.ts';
import { withOptions } from './program.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
];

interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly seconds: number;
}

/** The date in UTC of a number of seconds since 1970, by the calendar's own arithmetic. */
function momentOf(since1970: number): Moment {
  const days = Math.floor(since1970 / 86_400);
  // Days since 1 March 0000, in eras of 400 years.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const year = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 2 : shiftedMonth - 10;
  return {
    year: year + era * 400 + (month <= 1 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    weekday: (days + 4) % 7,
    seconds: since1970 - days * 86_400,
  };
}

const two = (value: number): string => String(value).padStart(2, '0');

/** strftime(), as far as people use it with `date`. */
export function dateText(since1970: number, format: string, nanoseconds = 0): string {
  const { year, month, day, weekday, seconds } = momentOf(since1970);
  const hour = Math.floor(seconds / 3600);
  const minute = Math.floor(seconds / 60) % 60;
  const values: Readonly<Record<string, string>> = {
    ...{ a: DAYS[weekday].slice(0, 3), A: DAYS[weekday], b: MONTHS[month].slice(0, 3), B: MONTHS[month] },
    ...{ d: two(day), e: String(day).padStart(2), H: two(hour), I: two(hour % 12 === 0 ? 12 : hour % 12) },
    ...{
      M: two(minute),
      S: two(seconds % 60),
      N: String(nanoseconds).padStart(9, '0'),
      s: String(since1970),
    },
    ...{
      m: two(month + 1),
      Y: String(year),
      y: two(year % 100),
      p: hour < 12 ? 'AM' : 'PM',
      Z: 'UTC',
      z: '+0000',
    },
    ...{ F: `${year}-${two(month + 1)}-${two(day)}`, T: `${two(hour)}:${two(minute)}:${two(seconds % 60)}` },
    ...{ n: '\n', t: '\t', '%': '%', u: String(weekday === 0 ? 7 : weekday), w: String(weekday) },
  };
  return format.replace(/%(.)/g, (all, letter: string) => values[letter] ?? all);
}

/** The guest's clock: virtual, since the model was booted. */
export function now(): { readonly seconds: number; readonly nanoseconds: number } {
  const { now: since } = machineInForce();
  return { seconds: BOOT_SECONDS + Math.floor(since / 1e9), nanoseconds: Math.floor(since % 1e9) };
}

export const date = withOptions(
  {
    name: 'date',
    summary: 'Prints the date and the time of the guest, which are virtual.',
    operands: '[+FORMAT]',
    options: [
      { flag: '-u', long: '--utc', description: 'in UTC, as it is anyway' },
      { flag: '-R', long: '--rfc-email', description: 'as in mails' },
      { flag: '-I', long: '--iso-8601', description: 'the date only' },
    ],
  },
  function* (options) {
    const [format] = options.operands;
    if (format !== undefined && !format.startsWith('+')) {
      yield* print(STDERR, `date: invalid date '${format}'\n`);
      return 1;
    }
    const { seconds, nanoseconds } = now();
    const usual = options.has('-R')
      ? '%a, %d %b %Y %H:%M:%S %z'
      : options.has('-I')
        ? '%F'
        : '%a %b %e %H:%M:%S %Z %Y';
    yield* print(STDOUT, `${dateText(seconds, format?.slice(1) ?? usual, nanoseconds)}\n`);
    return 0;
  },
);

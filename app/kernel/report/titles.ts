import { firstTelling, firstTellingOfRcu, firstTellingOfWait } from './frames.ts';

/** The lines that follow a report's first one, up to the next report. */
interface Report {
  readonly first: string;
  readonly rest: readonly string[];
}

interface Rule {
  readonly begins: RegExp;
  /** Null: a line that looks like a report and is none. */
  title(match: RegExpExecArray, report: Report): string | null;
}

/** A report in a kernel log: its title, as syzkaller would name it, and where it begins. */
export interface TitledReport {
  readonly title: string;
  /** Index of its first line. */
  readonly line: number;
}

/** All reports in a kernel log, in order. `lines` are the texts of dmesg, with or without their time stamps. */
export function reportsOf(lines: readonly string[]): TitledReport[] {
  const texts = lines.map(withoutTime);
  const starts: number[] = [];
  texts.forEach((text, i) => {
    if (RULES.some((rule) => rule.begins.test(text)) && !continues(texts, starts.at(-1), i)) starts.push(i);
  });
  return starts.flatMap((line, i) => {
    const title = titleOf({ first: texts[line], rest: texts.slice(line + 1, starts[i + 1]) });
    return title === null ? [] : [{ title, line }];
  });
}

/** The titles of all reports in a kernel log, in order. */
export function titlesOf(lines: readonly string[]): string[] {
  return reportsOf(lines).map(({ title }) => title);
}

/** The title of a log: that of its first report. Null if there is none. */
export function titleOfLog(lines: readonly string[]): string | null {
  return titlesOf(lines)[0] ?? null;
}

function titleOf(report: Report): string | null {
  for (const rule of RULES) {
    const match = rule.begins.exec(report.first);
    if (match !== null) return rule.title(match, report);
  }
  return null;
}

/** A page fault or BUG has a second line that names the same event: `Oops: ...`, `kernel BUG at` after cut here. */
function continues(texts: readonly string[], before: number | undefined, at: number): boolean {
  if (before === undefined || !texts[at].startsWith('Oops: ')) return false;
  return /^(?:BUG: (?:unable|kernel NULL)|kernel BUG at )/.test(texts[before]) && at - before <= 5;
}

const RULES: readonly Rule[] = [
  { begins: /^SCYTHE: (.+)$/, title: ([, what]) => `SCYTHE: ${withoutOffsets(what)}` },
  {
    begins: /^BUG: KASAN: (double-free|invalid-free) in (\S+)/,
    title: ([, , ip], report) => `KASAN: invalid-free in ${blamed(report, ip)}`,
  },
  {
    begins: /^BUG: KASAN: ([a-z-]+) in (\S+)/,
    title: ([, kind, ip], report) => {
      const access = report.rest.slice(0, 3).find((line) => /^(?:Read|Write) (?:of size|at addr)/.test(line));
      const how = access === undefined ? '' : ` ${access.split(' ')[0]}`;
      return `KASAN: ${kind}${how} in ${blamed(report, ip)}`;
    },
  },
  { begins: /^BUG: KCSAN: (.+)$/, title: ([, what]) => `KCSAN: ${withoutOffsets(what)}` },
  {
    begins: /^BUG: sleeping function called from invalid context at/,
    title: (_, report) => `BUG: sleeping function called from invalid context in ${blamed(report)}`,
  },
  {
    begins: /^BUG: unable to handle page fault for address/,
    title: (_, report) => `BUG: unable to handle kernel paging request in ${rip(report)}`,
  },
  {
    begins: /^BUG: (?:kernel NULL pointer dereference|unable to handle kernel NULL pointer)/,
    title: (_, report) => `BUG: unable to handle kernel NULL pointer dereference in ${rip(report)}`,
  },
  {
    begins: /^(?:Oops: )?general protection fault/,
    title: (_, report) => `general protection fault in ${rip(report)}`,
  },
  { begins: /^BUG: Bad page map: \d+ messages suppressed/, title: () => null },
  { begins: /^BUG: Bad page map/, title: () => 'BUG: Bad page map' },
  { begins: /^BUG: Bad page state: \d+ messages suppressed/, title: () => null },
  { begins: /^BUG: Bad page state/, title: () => 'BUG: Bad page state' },
  { begins: /^BUG: Bad rss-counter state/, title: () => 'BUG: Bad rss-counter state' },
  {
    begins: /^BUG: non-zero (pgtables_bytes|nr_ptes|nr_pmds) on freeing mm/,
    title: ([, what]) => `BUG: non-zero ${what} on freeing mm`,
  },
  { begins: /^BUG: (workqueue lockup|soft lockup)/, title: ([, what]) => `BUG: ${what}` },
  {
    begins: /^kernel BUG at (\S+?)!?$/,
    title: ([, site], report) =>
      site.startsWith('lib/list_debug.c')
        ? `BUG: corrupted list in ${blamed(report)}`
        : `kernel BUG at ${site}`,
  },
  {
    begins: /^WARNING: possible (?:recursive locking|circular locking dependency|irq lock inversion)/,
    title: (_, report) => `possible deadlock in ${wanted(report)}`,
  },
  {
    begins: /^WARNING: (?:SOFTIRQ|HARDIRQ)-safe -> /,
    title: (_, report) => `possible deadlock in ${wanted(report)}`,
  },
  {
    begins: /^WARNING: inconsistent lock state/,
    title: (_, report) => `inconsistent lock state in ${wanted(report)}`,
  },
  {
    begins: /^\[ BUG: Invalid wait context \]/,
    title: (_, report) => `BUG: Invalid wait context in ${blamed(report)}`,
  },
  {
    begins: /^WARNING: suspicious RCU usage/,
    title: (_, report) =>
      `WARNING: suspicious RCU usage in ${firstTellingOfRcu(frames(report)) ?? 'corrupted'}`,
  },
  {
    begins: /^WARNING: (?:CPU: \d+ PID: \d+ at )?(\S+:\d+) (?:at )?(\S+)/,
    title: ([, site], report) => {
      const what = WARNINGS.find(([file]) => site.startsWith(file))?.[1] ?? 'WARNING';
      return `${what} in ${warnedIn(report)}`;
    },
  },
  {
    begins: /^INFO: task \S+:\d+ (?:is )?blocked (?:for more than|in I\/O)/,
    title: (_, report) => `INFO: task hung in ${hungIn(report)}`,
  },
  {
    begins: /^rcu: INFO: \S+ (?:self-)?detected (?:expedited )?stall/,
    title: (_, report) => `INFO: rcu detected stall in ${blamed(report)}`,
  },
  {
    begins: /^Kernel panic - not syncing: (.+)$/,
    // These follow a report that has its own title; alone they are what is left of a truncated log.
    title: ([, why]) =>
      /panic_on_warn|hung_task|Fatal exception|kasan\.fault/.test(why) ? null : `kernel panic: ${why}`,
  },
];

/** Warnings that say more by the file that they stand in. */
const WARNINGS = [
  ['lib/refcount.c', 'WARNING: refcount bug'],
  ['kernel/locking/lockdep.c', 'WARNING: locking bug'],
  ['kernel/rcu/tree_plugin.h', 'WARNING: locking bug'],
  ['lib/debugobjects.c', 'WARNING: ODEBUG bug'],
] as const;

/** The reliable frames of the first call trace, innermost first. */
function frames(report: Report): string[] {
  const names: string[] = [];
  let inside = false;
  for (const line of report.rest) {
    if (/^Call Trace:/.test(line)) inside = true;
    else if (inside && /^ <\/TASK>/.test(line)) break;
    const frame = inside ? /^ ([\w.]+)\+0x/.exec(line) : null;
    if (frame !== null) names.push(withoutSuffix(frame[1]));
  }
  return names;
}

function blamed(report: Report, fallback = 'corrupted'): string {
  return firstTelling(frames(report)) ?? withoutOffsets(fallback);
}

/** The function that the instruction pointer was in; where it tells nothing, the next one of the stack. */
function rip(report: Report): string {
  const own = ripOf(report);
  return firstTelling(own === null ? frames(report) : [own, ...frames(report)]) ?? own ?? 'corrupted';
}

function ripOf(report: Report): string | null {
  for (const line of report.rest) {
    const match = /^RIP: 0010:([\w.]+)\+0x/.exec(line);
    if (match !== null) return withoutSuffix(match[1]);
  }
  return null;
}

function warnedIn(report: Report): string {
  const own = /([\w.]+)\+0x[0-9a-f]+\/0x/.exec(report.first)?.[1];
  const stack = frames(report);
  return firstTelling(own === undefined ? stack : [withoutSuffix(own), ...stack]) ?? 'corrupted';
}

/** The function after `at:` of the lock that the task wants. */
function wanted(report: Report): string {
  const line = report.rest.find((text) => / at: \S+\+0x/.test(text));
  const at = line === undefined ? null : / at: ([\w.]+)\+0x/.exec(line);
  if (at !== null && firstTelling([at[1]]) !== null) return withoutSuffix(at[1]);
  return blamed(report, at?.[1]);
}

function hungIn(report: Report): string {
  return firstTellingOfWait(frames(report)) ?? 'corrupted';
}

/** `do_work.constprop.0` is do_work to everybody. */
function withoutSuffix(name: string): string {
  return name.replace(/\.(?:constprop|isra|part|cold)\b.*$/, '');
}

function withoutOffsets(text: string): string {
  return text.replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, '');
}

function withoutTime(line: string): string {
  return line.replace(/^\[\s*\d+\.\d+\](?:\[\s*[TC]\d+\])? /, '');
}

import type { Assertions } from './expect-schema.ts';
import type { Timings } from './timings.ts';
import { formatDuration, holds, parseCondition, parseDuration } from './units.ts';

/** What a run is judged by. */
export interface Evidence {
  readonly titles: readonly string[];
  /** True if every task came to its end or sleeps undisturbed. */
  readonly settled: boolean;
  /** How the run ended, in words. */
  readonly ending: string;
  /** Trace events and lines of the log, in the order in which they came. */
  readonly happenings: readonly Happening[];
  readonly timings: Timings;
  /** The values of a field in all objects that have it, at the end; null for an unknown field. */
  readonly valuesOf: (field: string) => readonly number[] | null;
}

export interface Happening {
  readonly kind: 'event' | 'log';
  /** `oom:mark_victim`; empty for a line of the log. */
  readonly name: string;
  readonly task: string;
  readonly text: string;
}

/** All that was asserted and does not hold, one sentence each. Empty: the expectations are met. */
export function judge(assertions: Assertions, evidence: Evidence): string[] {
  return [
    ...judgeTitles(assertions, evidence),
    ...judgeEvents(assertions, evidence),
    ...judgeFinal(assertions, evidence),
    ...judgeTimes(assertions, evidence),
  ];
}

function judgeTitles({ clean, titles }: Assertions, evidence: Evidence): string[] {
  const failures: string[] = [];
  if (clean === true) {
    for (const title of new Set(evidence.titles)) failures.push(`expected no report, got "${title}"`);
    if (!evidence.settled) failures.push(`expected an undisturbed end: ${evidence.ending}`);
  }
  for (const wanted of titles?.must ?? []) {
    if (!evidence.titles.some((title) => matches(wanted, title)))
      failures.push(`expected "${wanted}", which did not appear`);
  }
  for (const unwanted of titles?.mustNot ?? []) {
    const found = evidence.titles.find((title) => matches(unwanted, title));
    if (found !== undefined) failures.push(`"${found}" must not appear`);
  }
  return failures;
}

function judgeEvents({ events = [] }: Assertions, { happenings }: Evidence): string[] {
  let at = 0;
  for (const [index, item] of events.entries()) {
    const wanted = typeof item === 'string' ? { event: item } : item;
    const found = happenings.findIndex((happening, position) => position >= at && isThat(happening, wanted));
    if (found < 0) {
      const what = `"${wanted.event ?? wanted.log ?? ''}"`;
      const ever = happenings.some((happening) => isThat(happening, wanted));
      return [`event ${index + 1}, ${what}, ${ever ? 'comes before the one above it' : 'did not happen'}`];
    }
    at = found + 1;
  }
  return [];
}

interface Wanted {
  readonly event?: string | undefined;
  readonly log?: string | undefined;
  readonly task?: string | undefined;
  readonly text?: string | undefined;
}

function isThat(happening: Happening, { event, log, task, text }: Wanted): boolean {
  if (event !== undefined) {
    const name = event.includes(':') ? happening.name : happening.name.replace(/^\w+:/, '');
    if (happening.kind !== 'event' || name !== event) return false;
  }
  if (log !== undefined && (happening.kind !== 'log' || !happening.text.includes(log))) return false;
  if (task !== undefined && happening.task !== task) return false;
  return text === undefined || happening.text.includes(text);
}

function judgeFinal({ final = [] }: Assertions, { valuesOf }: Evidence): string[] {
  return final.flatMap((text) => {
    const condition = parseCondition(text);
    const values = condition === null ? null : valuesOf(condition.name);
    if (condition === null || values === null) return [`"${text}" cannot be asked`];
    if (values.length === 0) return [`"${text}": nothing has this field at the end`];
    const wrong = values.filter((value) => !holds(condition, value));
    return wrong.length === 0 ? [] : [`"${text}" does not hold: it is ${[...new Set(wrong)].join(', ')}`];
  });
}

function judgeTimes({ within = {} }: Assertions, { timings }: Evidence): string[] {
  const measured = { reap: timings.reapNs, callback: timings.callbackNs, run: [timings.runNs] };
  const failures: string[] = [];
  for (const name of ['reap', 'callback', 'run'] as const) {
    const bound = within[name];
    if (bound === undefined) continue;
    const min = bound.min === undefined ? 0 : (parseDuration(bound.min) ?? 0);
    const max = bound.max === undefined ? Infinity : (parseDuration(bound.max) ?? Infinity);
    if (measured[name].length === 0) failures.push(`nothing to time: no ${name} happened`);
    for (const value of measured[name]) {
      if (value < min)
        failures.push(`${name} took ${formatDuration(value)}, expected at least ${bound.min ?? ''}`);
      if (value > max)
        failures.push(`${name} took ${formatDuration(value)}, expected at most ${bound.max ?? ''}`);
    }
  }
  return failures;
}

/** `*` stands for any text. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === text;
  const last = parts.length - 1;
  if (!text.startsWith(parts[0])) return false;
  let at = parts[0].length;
  for (const part of parts.slice(1, last)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - parts[last].length >= at && text.endsWith(parts[last]);
}

import { z } from 'zod';
import { inspectionSchema } from './inspection.ts';
import { method, topic } from './method.ts';
import { kernelSchema, overridesSchema } from './scenario.ts';
import { traceSchema } from './trace.ts';

/**
 * Runs: a scenario or a replay, executed once with everything recorded. Going to a step executes it again up to
 * there, so any step can be looked at in any order.
 */

export const runId = z.string().max(32);

const text = z.string().max(64_000_000);
const path = z.string().max(512);
const step = z.number().int().min(0);

export const reportSchema = z.strictObject({
  title: z.string(),
  /** The first line of the report in the kernel's log, and how many lines it has. */
  line: z.number().int(),
  lines: z.number().int(),
  step,
  nowNs: z.number(),
  task: z.number().int(),
});

export const logLine = z.strictObject({
  /** As `dmesg` shows it. */
  text: z.string(),
  /** 0 emergency … 7 debug. */
  level: z.number().int(),
  nowNs: z.number(),
  step,
  task: z.number().int(),
});
export type LogLine = z.infer<typeof logLine>;

export const runSummary = z.strictObject({
  id: runId,
  title: z.string(),
  source: z.enum(['scenario', 'replay', 'guest', 'file']),
  path: z.string(),
  seed: z.number().int(),
  kernel: kernelSchema.nullable(),
  /** Null for a trace that was opened from a file: it was not run here, so it has no steps to go to. */
  steps: step.nullable(),
  startNs: z.number(),
  endNs: z.number(),
  met: z.boolean().nullable(),
  failures: z.array(z.string()),
  titles: z.array(z.string()),
  outcome: z.string(),
  eventHash: z.string(),
  reports: z.array(reportSchema),
});
export type RunSummary = z.infer<typeof runSummary>;

/** Where a step backwards or forwards shall end. */
export const seekTarget = z.discriminatedUnion('kind', [
  /** The next operation, of this task if one is given. */
  z.strictObject({ kind: z.literal('operation'), task: z.number().int().nullable() }),
  /** The next operation of the task in the same function or a caller: over calls. */
  z.strictObject({ kind: z.literal('function'), task: z.number().int() }),
  /** The next entry or return of the task. */
  z.strictObject({ kind: z.literal('call'), task: z.number().int() }),
  /** Out of the function that the task is in. */
  z.strictObject({ kind: z.literal('return'), task: z.number().int() }),
  /** The next trace event, of this task if one is given. */
  z.strictObject({ kind: z.literal('event'), task: z.number().int().nullable() }),
  /** The next step at which another task goes on. */
  z.strictObject({ kind: z.literal('switch') }),
  /** The next write of a field or object: backwards, its last write. */
  z.strictObject({ kind: z.literal('write'), object: z.string().max(200) }),
  z.strictObject({ kind: z.literal('report') }),
  z.strictObject({ kind: z.literal('breakpoint') }),
]);
export type SeekTarget = z.infer<typeof seekTarget>;

export const breakpointSchema = z.strictObject({
  kind: z.enum(['function', 'event', 'object', 'report', 'line']),
  /** A kernel function, `system:name` of an event, an object's name, a title (`*` matches anything), `file:line`. */
  what: z.string().min(1).max(200),
  enabled: z.boolean(),
});
export type Breakpoint = z.infer<typeof breakpointSchema>;

export const runMethods = {
  'run/start': method(
    z.strictObject({ text, path, overrides: overridesSchema, seed: z.number().int().min(0) }),
    z.strictObject({ id: runId }),
  ),
  'run/replay': method(z.strictObject({ text, path }), z.strictObject({ id: runId })),
  /** What a guest did until now, run again with everything recorded. */
  'run/guest': method(z.strictObject({ guest: z.string().max(32) }), z.strictObject({ id: runId })),
  /** A trace of a real kernel: ftrace text, `trace-cmd report`, Chrome or Perfetto JSON. */
  'run/import': method(z.strictObject({ text, path }), z.strictObject({ id: runId })),
  'run/cancel': method(z.strictObject({ id: runId }), z.strictObject({})),
  'run/close': method(z.strictObject({ id: runId }), z.strictObject({})),
  'run/list': method(z.strictObject({}), z.strictObject({ runs: z.array(runSummary) })),
  'run/trace': method(z.strictObject({ id: runId }), traceSchema),
  'run/log': method(z.strictObject({ id: runId }), z.strictObject({ lines: z.array(logLine) })),
  'run/console': method(
    z.strictObject({ id: runId }),
    z.strictObject({ lines: z.array(z.strictObject({ text: z.string(), nowNs: z.number(), step })) }),
  ),
  'run/inspect': method(z.strictObject({ id: runId, step }), inspectionSchema),
  'run/seek': method(
    z.strictObject({
      id: runId,
      from: step,
      direction: z.enum(['forward', 'back']),
      target: seekTarget,
      breakpoints: z.array(breakpointSchema).max(200),
    }),
    /** Null if there is no such step. `why` says in words what is there. */
    z.strictObject({ step: step.nullable(), why: z.string() }),
  ),
  /** The CPU0/CPU1 diagram of a report, or of what led to a step. */
  'run/explain': method(
    z.strictObject({
      id: runId,
      report: z.number().int().nullable(),
      format: z.enum(['text', 'markdown', 'html', 'mermaid']),
    }),
    z.strictObject({
      text: z.string(),
      /** The step of each line of the diagram that has one. */
      steps: z.array(z.strictObject({ line: z.number().int(), step })),
    }),
  ),
  'run/replay-file': method(z.strictObject({ id: runId }), z.strictObject({ text: z.string() })),
  'run/export': method(
    z.strictObject({
      id: runId,
      format: z.enum(['ftrace', 'perfetto', 'chrome', 'dmesg', 'html']),
      fromNs: z.number().nullable(),
      toNs: z.number().nullable(),
    }),
    z.strictObject({ name: z.string(), mime: z.string(), bytes: z.instanceof(Uint8Array) }),
  ),
  /** Two runs, aligned by task and by what each task did: the first difference and the matching steps. */
  'run/compare': method(
    z.strictObject({ left: runId, right: runId }),
    z.strictObject({
      same: z.boolean(),
      /** In words: who did what in one and not in the other. */
      difference: z.string(),
      leftStep: step.nullable(),
      rightStep: step.nullable(),
      rows: z.array(
        z.strictObject({
          left: z.strictObject({ step, task: z.string(), text: z.string() }).nullable(),
          right: z.strictObject({ step, task: z.string(), text: z.string() }).nullable(),
        }),
      ),
    }),
  ),
} as const;

export const runTopics = {
  /** Progress while it runs, then its summary. */
  'run/state': topic(
    z.strictObject({ id: runId }),
    z.discriminatedUnion('state', [
      z.strictObject({ state: z.literal('running'), steps: step, nowNs: z.number() }),
      z.strictObject({ state: z.literal('done'), summary: runSummary }),
      z.strictObject({ state: z.literal('failed'), message: z.string(), fix: z.string().nullable() }),
    ]),
  ),
} as const;

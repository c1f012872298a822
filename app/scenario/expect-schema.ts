import { z } from 'zod';
import { configuration, duration, hasNoIssue, name } from './schema-parts.ts';
import { CONDITION } from './units.ts';

// What a scenario expects: of runs (`expect`), and of searches where that is not the same (`search.expect`).

const titlePattern = z.string().min(1).max(500);

const eventSchema = z
  .strictObject({
    event: z
      .string()
      .regex(/^\w+(:\w+)?$/)
      .meta({
        description: 'A trace event: `oom:mark_victim`.',
        fix: 'write system:event, such as oom:mark_victim',
      })
      .optional(),
    log: z.string().min(1).max(500).meta({ description: 'A part of a line of dmesg.' }).optional(),
    task: z.string().max(64).meta({ description: 'Command name of the task that does it.' }).optional(),
    text: z.string().max(500).meta({ description: "A part of the event's text." }).optional(),
  })
  .refine((item) => (item.event === undefined) !== (item.log === undefined), {
    message: 'either an event or a line of the log',
    params: { fix: 'give exactly one of `event` and `log`' },
    when: hasNoIssue,
  });

const bound = z
  .strictObject({ min: duration.optional(), max: duration.optional() })
  .meta({ description: 'Bounds, each of them included.' });

const assertions = {
  clean: z
    .literal(true)
    .meta({
      description: 'No report at all, and every task came to its end or sleeps undisturbed.',
      fix: 'write true, or leave it out',
    })
    .optional(),
  titles: z
    .strictObject({
      must: z
        .array(titlePattern)
        .max(64)
        .meta({ description: 'Titles that appear in every iteration.' })
        .optional(),
      mustNot: z
        .array(titlePattern)
        .max(64)
        .meta({ description: 'Titles that appear in no iteration.' })
        .optional(),
    })
    .meta({ description: "Titles of reports by syzkaller's rules; `*` stands for any text." })
    .optional(),
  events: z
    .array(
      z
        .union([z.string().regex(/^\w+:\w+$/), eventSchema])
        .meta({ fix: 'write system:event, such as oom:mark_victim' }),
    )
    .max(256)
    .meta({ description: 'Events that happen in this order; others may happen in between.' })
    .optional(),
  final: z
    .array(
      z.string().regex(CONDITION).meta({
        registry: 'probes',
        fix: 'compare a name with a number, such as "mn_active_invalidate_count == 0"',
      }),
    )
    .max(64)
    .meta({ description: 'What holds when the run has ended, for each object that has the field.' })
    .optional(),
  within: z
    .strictObject({ reap: bound.optional(), callback: bound.optional(), run: bound.optional() })
    .meta({
      description:
        'Bounds on virtual times: `reap` (each __oom_reap_task_mm()), `callback` (from the detaching of the ' +
        'subscriptions to the callback that call_srcu() was given), `run` (the whole run).',
    })
    .optional(),
};

/** What is asserted of each iteration. */
export const assertionsSchema = z.strictObject(assertions);

const caseSchema = z
  .strictObject({
    when: z
      .strictObject({
        tree: name('trees').optional(),
        patches: z
          .array(name('patches'))
          .max(32)
          .meta({ description: 'Exactly these patches, in any order.' })
          .optional(),
        config: configuration.optional(),
      })
      .meta({ description: 'The kernels that this case is about. What is left out, may be anything.' }),
    ...assertions,
  })
  .meta({ description: 'What to expect of certain kernels.' });

export const expectSchema = z
  .strictObject({
    ...assertions,
    cases: z
      .array(caseSchema)
      .max(64)
      .meta({
        description:
          'Other expectations for other kernels: the first case that fits stands in for the ones above.',
      })
      .optional(),
  })
  .meta({ description: 'What must be seen.' });

export type Assertions = z.infer<typeof assertionsSchema>;
export type Expectations = z.infer<typeof expectSchema>;
export type Timing = keyof NonNullable<Assertions['within']>;

import { z } from 'zod';
import type { OperationKind } from '../sim/operation.ts';
import { expectSchema } from './expect-schema.ts';
import { LONGEST_CONSOLE_SCRIPT } from './limits.ts';
import { configuration, duration, hasNoIssue, name } from './schema-parts.ts';
import { PERCENT, RATIO, SIZE } from './units.ts';

/**
 * The scenario format, version 1: what every scenario file is checked against, what the types of the runner
 * are inferred from, and what an editor completes and explains (see json-schema.ts).
 *
 * The schema says what can be said without knowing the kernel; names of trees, patches, options and programs
 * are checked by resolve.ts. `registry` marks where such a name stands.
 */
export const FORMAT_VERSION = 1;

const label = z
  .string()
  .regex(/^[A-Za-z0-9_][\w.-]{0,63}$/)
  .meta({ fix: 'use letters, digits, `_`, `-` and `.`, at most 64' });
export const kernelSchema = z
  .strictObject({
    tree: name('trees')
      .meta({ description: 'The kernel era that is booted, for instance `v6.12`.', registry: 'trees' })
      .optional(),
    patches: z
      .array(name('patches'))
      .max(32)
      .meta({ description: 'Patches that are laid over the tree, in this order.' })
      .optional(),
    config: configuration.optional(),
    append: z
      .array(z.string().min(1).max(200))
      .max(64)
      .meta({ description: 'Boot arguments: `name=value`, or `name` for a flag.' })
      .optional(),
    cpus: z
      .number()
      .int()
      .min(1)
      .max(64)
      .meta({ description: 'CPUs of the guest; 2 unless said otherwise.' })
      .optional(),
    memory: z
      .string()
      .regex(SIZE)
      .meta({
        description: 'Memory of the guest, `2G` unless said otherwise.',
        fix: 'write a size such as 512M or 2G',
      })
      .optional(),
  })
  .meta({ description: 'What is booted.' });

const taskSchema = z
  .strictObject({
    name: label.meta({
      description: 'How other tasks and reports refer to it: `$name` in arguments is its pid.',
    }),
    program: name('programs').meta({ description: 'The program that it runs.', registry: 'programs' }),
    args: z
      .array(z.union([z.string().max(1000), z.number()]))
      .max(64)
      .meta({ description: 'Its arguments. `$name` stands for the pid of the task of that name.' })
      .optional(),
    start: duration
      .meta({ description: 'When it starts, counted from the end of the boot; at once by default.' })
      .optional(),
    bare: z
      .boolean()
      .meta({
        description:
          'Without console and with one page of memory: less for a search to go through. It prints nothing.',
      })
      .optional(),
    background: z
      .boolean()
      .meta({
        description: 'The run does not wait for its end: a virtual machine that only sleeps, for instance.',
      })
      .optional(),
  })
  .meta({ description: 'One process of the guest.' });

export const guestSchema = z
  .strictObject({
    console: z
      .string()
      .min(1)
      .max(LONGEST_CONSOLE_SCRIPT)
      .meta({ description: 'A shell script that the console of the guest runs; the run ends with it.' })
      .optional(),
    tasks: z
      .array(taskSchema)
      .min(1)
      .max(64)
      .meta({ description: 'Processes that are started without a shell: fewer steps for a search.' })
      .optional(),
  })
  .meta({ description: 'What the guest does: either a console script or explicit tasks.' })
  .refine((guest) => (guest.console === undefined) !== (guest.tasks === undefined), {
    message: 'either a console script or tasks',
    params: { fix: 'give exactly one of `console` and `tasks`' },
    when: hasNoIssue,
  });

export const FAULT_SITES = ['failslab', 'fail_page_alloc'] as const;

const faultSchema = z
  .strictObject({
    site: z
      .enum(FAULT_SITES)
      .meta({ description: 'What fails: `failslab` kmalloc and friends, `fail_page_alloc` pages.' }),
    function: z
      .string()
      .max(100)
      .meta({ description: 'Only where this kernel function is on the stack.' })
      .optional(),
    task: z.string().max(64).meta({ description: 'Only in tasks of this command name.' }).optional(),
    times: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ description: 'At most so many times; without it, always.' })
      .optional(),
    chance: z
      .union([z.literal('always'), z.literal('search'), z.string().regex(RATIO)])
      .meta({
        description:
          '`always` (the default): each match fails. `1/4`: drawn from the seed in a timed run, both ways in a ' +
          'search. `search`: succeeds in a timed run, both ways in a search.',
        fix: 'write always, search or a ratio such as 1/4',
      })
      .optional(),
  })
  .meta({ description: 'An allocation that fails.' });

const operationCosts = z
  .strictObject({
    read: duration.optional(),
    write: duration.optional(),
    rmw: duration.optional(),
    acquire: duration.optional(),
    release: duration.optional(),
    wait: duration.optional(),
    alloc: duration.optional(),
    free: duration.optional(),
    choose: duration.optional(),
    delay: duration.optional(),
    spawn: duration.optional(),
    exit: duration.optional(),
  } satisfies Record<OperationKind, unknown>)
  .meta({ description: 'Cost of one operation, by kind.' });

const overridesSchema = z
  .strictObject({
    operation: operationCosts.optional(),
    computing: z
      .number()
      .min(0)
      .max(10_000)
      .meta({
        description: 'Factor on computing between operations: zapping pages, flushing TLBs, guest code.',
      })
      .optional(),
    contextSwitch: duration.meta({ description: 'From one task to another on one CPU.' }).optional(),
    wakeUp: duration
      .meta({ description: 'From the wake-up of a task until its CPU considers it.' })
      .optional(),
    slice: duration.meta({ description: 'How long a task keeps its CPU from its equals.' }).optional(),
  })
  .meta({ description: 'Departures from the cost model.' });

export const timeSchema = z
  .strictObject({
    cost: name('costs')
      .meta({ description: 'The cost model: what operations cost in virtual time.', registry: 'costs' })
      .optional(),
    overrides: overridesSchema.optional(),
    jitter: z
      .string()
      .regex(PERCENT)
      .meta({
        description: 'Noise on every cost, drawn from the seed: up to so much is added.',
        fix: 'write a percentage from 0% to 100%',
      })
      .optional(),
    hung_task_timeout_secs: z
      .number()
      .int()
      .min(0)
      .max(100_000)
      .meta({ description: 'When khungtaskd reports a task; 120 by default, 0 never.' })
      .optional(),
    limit: duration
      .meta({ description: 'Virtual time after which a run is stopped; 10min by default.' })
      .optional(),
  })
  .meta({ description: 'Virtual time.' });

export const STRATEGIES = ['dpor', 'states', 'bounded', 'pct', 'random', 'exhaustive'] as const;

export const searchSchema = z
  .strictObject({
    strategy: z.enum(STRATEGIES).meta({ description: 'How the interleavings are searched.' }).optional(),
    preemptions: z
      .number()
      .int()
      .min(0)
      .max(64)
      .meta({ description: 'At most so many preemptions; without it, any number.' })
      .optional(),
    depth: z
      .number()
      .int()
      .min(1)
      .max(64)
      .meta({ description: 'Number of ordering constraints that `pct` aims at.' })
      .optional(),
    maxExecutions: z
      .number()
      .int()
      .min(1)
      .max(1_000_000_000_000)
      .meta({ description: 'Stop after so many executions.' })
      .optional(),
    maxSteps: z
      .number()
      .int()
      .min(1)
      .max(100_000_000)
      .meta({ description: 'Cut an execution off after so many operations.' })
      .optional(),
    budget: duration.meta({ description: 'Stop after so much time on the clock on the wall.' }).optional(),
    stopAtFirst: z.boolean().meta({ description: 'Stop at the first failing execution.' }).optional(),
    actors: z
      .array(z.string().min(1).max(64))
      .min(1)
      .max(32)
      .meta({
        description:
          'Tasks (their names; with a console script, command names) that wait for each other at the start ' +
          'gate. All before it is set-up, which goes one fixed way; what comes after it is searched.',
      })
      .optional(),
    expect: expectSchema
      .meta({ description: 'What must be seen in a search, in place of `expect`, which is about runs then.' })
      .optional(),
  })
  .meta({ description: 'How `scythe explore` searches this scenario.' });
export const scenarioSchema = z
  .strictObject({
    scythe: z
      .literal(FORMAT_VERSION)
      .meta({ description: 'Version of the format.', fix: `write \`scythe: ${FORMAT_VERSION}\` at the top` }),
    title: z.string().min(1).max(200).meta({ description: 'One line.' }),
    description: z
      .string()
      .max(10_000)
      .meta({ description: 'What it shows, and what to look at.' })
      .optional(),
    kernel: kernelSchema.optional(),
    guest: guestSchema,
    faults: z.array(faultSchema).max(64).meta({ description: 'Failures to inject.' }).optional(),
    time: timeSchema.optional(),
    iterations: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .meta({ description: 'Runs, each with the next seed; 1 by default.' })
      .optional(),
    seed: z
      .number()
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .meta({ description: 'Seed of the first iteration; 1 by default.' })
      .optional(),
    search: searchSchema.optional(),
    expect: expectSchema.optional(),
  })
  .meta({ id: 'scenario', title: 'Scythe scenario', description: 'A scenario of Scythe, format version 1.' });

/** A scenario as its file says it: checked, nothing filled in. */
export type Scenario = z.infer<typeof scenarioSchema>;
export type Fault = z.infer<typeof faultSchema>;
export type GuestTask = z.infer<typeof taskSchema>;

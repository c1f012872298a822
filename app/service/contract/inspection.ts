import { z } from 'zod';

/** The modelled kernel as it stands after so many steps. Addresses are the model's own, in hexadecimal. */

const address = z.string();
const taskId = z.number().int();

export const frameSchema = z.strictObject({
  function: z.string(),
  /** The model's source, if it is known. */
  file: z.string().nullable(),
  line: z.number().int().nullable(),
});

export const heldLock = z.strictObject({
  name: z.string(),
  object: z.string(),
  mode: z.enum(['exclusive', 'shared']),
  function: z.string(),
});

export const taskSchema = z.strictObject({
  id: taskId,
  pid: z.number().int(),
  tgid: z.number().int(),
  comm: z.string(),
  kind: z.enum(['user', 'kthread', 'irq']),
  cpu: z.number().int().nullable(),
  state: z.enum(['running', 'runnable', 'blocked', 'sleeping', 'stopped', 'ended']),
  /** The state letter of `ps`. */
  letter: z.string(),
  /** What it waits for, in words, and who could give it. */
  waitsFor: z.string().nullable(),
  waitsForTasks: z.array(taskId),
  /** The operation that it would perform next. */
  next: z.string().nullable(),
  stack: z.array(frameSchema),
  held: z.array(heldLock),
  context: z.strictObject({
    preempt_count: z.number().int(),
    irqs_disabled: z.boolean(),
    softirq: z.boolean(),
    rcu_read_lock_nesting: z.number().int(),
    non_block_count: z.number().int(),
    /** Real-time priority, or null. */
    rt_priority: z.number().int().nullable(),
    migration_disabled: z.number().int(),
  }),
  mm: address.nullable(),
});
export type InspectedTask = z.infer<typeof taskSchema>;

export const lockSchema = z.strictObject({
  name: z.string(),
  object: z.string(),
  kind: z.string(),
  state: z.string(),
  owners: z.array(taskId),
  waiters: z.array(taskId),
});

export const pageSchema = z.strictObject({
  pfn: z.number().int(),
  refcount: z.number().int(),
  mapcount: z.number().int(),
  flags: z.array(z.string()),
  dead: z.boolean(),
});

export const mappingSchema = z.strictObject({
  address,
  pfn: z.number().int(),
  flags: z.array(z.string()),
  /** The page that it maps has been freed. */
  dead: z.boolean(),
});

export const mmSchema = z.strictObject({
  address,
  dead: z.boolean(),
  tasks: z.array(taskId),
  /** mm_users, mm_count, total_vm, map_count, rss by kind, pgtables_bytes, …, by their kernel names. */
  counters: z.record(z.string(), z.number()),
  flags: z.array(z.string()),
  vmas: z.array(
    z.strictObject({
      start: address,
      end: address,
      flags: z.string(),
      name: z.string(),
      dead: z.boolean(),
      ptes: z.array(mappingSchema),
    }),
  ),
});
export type InspectedMm = z.infer<typeof mmSchema>;

export const kvmSchema = z.strictObject({
  address,
  dead: z.boolean(),
  mm: address.nullable(),
  counters: z.record(z.string(), z.number()),
  memslots: z.array(
    z.strictObject({
      id: z.number().int(),
      base_gfn: z.number(),
      npages: z.number(),
      userspace_addr: address,
    }),
  ),
  sptes: z.array(
    z.strictObject({ gfn: z.number(), pfn: z.number(), writable: z.boolean(), dead: z.boolean() }),
  ),
});

export const subscriptionList = z.strictObject({
  /** Whose list: the address of the mm, or of the stack frame that it lies in. */
  owner: z.string(),
  where: z.enum(['mm', 'stack', 'interval']),
  dead: z.boolean(),
  nodes: z.array(
    z.strictObject({
      address,
      name: z.string(),
      memory: z.string(),
      dead: z.boolean(),
      next: address.nullable(),
      pprev: z.string().nullable(),
      users: z.number().int().nullable(),
      detail: z.string(),
    }),
  ),
});

export const srcuSchema = z.strictObject({
  name: z.string(),
  /** The index that new readers take. */
  idx: z.number().int(),
  readers: z.tuple([z.number().int(), z.number().int()]),
  readingTasks: z.array(z.strictObject({ task: taskId, idx: z.number().int() })),
  gp: z.string(),
  callbacks: z.array(z.strictObject({ func: z.string(), state: z.string() })),
});

export const inspectionSchema = z.strictObject({
  step: z.number().int(),
  nowNs: z.number(),
  /** Who performed the last step, and in words what. */
  lastTask: taskId.nullable(),
  last: z.string(),
  tasks: z.array(taskSchema),
  locks: z.array(lockSchema),
  /** lockdep's classes and what was taken inside what; the cycle that it reported, if it did. */
  lockGraph: z.strictObject({
    classes: z.array(z.string()),
    edges: z.array(z.strictObject({ from: z.number().int(), to: z.number().int(), at: z.string() })),
    cycle: z.array(z.number().int()),
  }),
  mms: z.array(mmSchema),
  pages: z.array(pageSchema),
  kvms: z.array(kvmSchema),
  subscriptions: z.array(subscriptionList),
  srcu: z.array(srcuSchema),
  timers: z.array(z.strictObject({ function: z.string(), expiresNs: z.number(), armed: z.boolean() })),
});
export type Inspection = z.infer<typeof inspectionSchema>;

import { z } from 'zod';
import { method, topic } from './method.ts';
import { pathSchema } from './workspace.ts';

/** What only a host with windows of its own can do; others answer `unavailable`, and their capabilities say so. */
export const windowMethods = {
  /** Progress on the task bar, from 0 to 1; null takes it away. */
  'window/progress': method(
    z.strictObject({ value: z.number().min(0).max(1).nullable() }),
    z.strictObject({}),
  ),
  /** Tells of long work that has ended while nobody looked. */
  'window/notify': method(
    z.strictObject({ title: z.string().max(200), body: z.string().max(1000) }),
    z.strictObject({}),
  ),
} as const;

export const windowTopics = {
  /** A file or link that was opened from outside. It is shown, and never run unasked. */
  'window/opened': topic(
    z.strictObject({}),
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('file'), name: z.string(), text: z.string() }),
      z.strictObject({ kind: z.literal('path'), path: pathSchema }),
      z.strictObject({ kind: z.literal('problem'), message: z.string() }),
    ]),
  ),
} as const;

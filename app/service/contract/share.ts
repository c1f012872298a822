import { z } from 'zod';
import { method, topic } from './method.ts';

/** One workbench shown to others: they see what its owner sees, and can change nothing. */

export const viewerSchema = z.strictObject({
  id: z.string(),
  address: z.string(),
  name: z.string(),
});

/** What the owner looks at: whatever the user interface needs to show the same. */
export const viewState = z.record(z.string().max(64), z.unknown());

export const shareState = z.strictObject({
  active: z.boolean(),
  /** The link to hand out, with its token; null while nothing is shared. */
  url: z.string().nullable(),
  viewers: z.array(viewerSchema),
});
export type ShareState = z.infer<typeof shareState>;

export const shareMethods = {
  /** Addresses of this machine that a viewer could reach; the first is loopback. */
  'share/addresses': method(
    z.strictObject({}),
    z.strictObject({ addresses: z.array(z.strictObject({ address: z.string(), name: z.string() })) }),
  ),
  'share/start': method(z.strictObject({ address: z.string().max(64) }), shareState),
  'share/stop': method(z.strictObject({}), shareState),
  'share/drop': method(z.strictObject({ viewer: z.string().max(64) }), shareState),
  'share/publish': method(z.strictObject({ view: viewState }), z.strictObject({})),
} as const;

export const shareTopics = {
  'share/state': topic(z.strictObject({}), shareState),
  /** For viewers: the owner's view now, then each change. */
  'share/view': topic(z.strictObject({}), z.strictObject({ view: viewState })),
} as const;

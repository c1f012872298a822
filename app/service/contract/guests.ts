import { z } from 'zod';
import { method, topic } from './method.ts';

/** Guests: `vng` in a pseudo terminal each. */

export const guestId = z.string().max(32);

export const guestInfo = z.strictObject({
  id: guestId,
  title: z.string(),
  command: z.string(),
  state: z.enum(['booting', 'running', 'idle', 'blocked', 'panic', 'exited']),
  /** Virtual time (ns). */
  now: z.number(),
  exitCode: z.number().int().nullable(),
});
export type GuestInfo = z.infer<typeof guestInfo>;

const size = { cols: z.number().int().min(2).max(1000), rows: z.number().int().min(1).max(1000) };

export const guestMethods = {
  /** `args` as on the command line of `vng`. */
  'guest/open': method(
    z.strictObject({ args: z.array(z.string().max(4096)).max(64), title: z.string().max(200), ...size }),
    guestInfo,
  ),
  'guest/list': method(z.strictObject({}), z.strictObject({ guests: z.array(guestInfo) })),
  'guest/input': method(z.strictObject({ id: guestId, data: z.string().max(1_000_000) }), z.strictObject({})),
  'guest/resize': method(z.strictObject({ id: guestId, ...size }), z.strictObject({})),
  'guest/control': method(
    z.strictObject({ id: guestId, action: z.enum(['pause', 'resume', 'restart', 'kill']) }),
    z.strictObject({}),
  ),
  'guest/realtime': method(
    z.strictObject({ id: guestId, factor: z.number().min(0).max(1000) }),
    z.strictObject({}),
  ),
  /** What was typed so far as a scenario; or all that was shown as asciicast v2. */
  'guest/record': method(
    z.strictObject({ id: guestId, format: z.enum(['scenario', 'asciicast']) }),
    z.strictObject({ text: z.string() }),
  ),
  'guest/close': method(z.strictObject({ id: guestId }), z.strictObject({})),
} as const;

export const guestTopics = {
  /** First what the screen shows now (as terminal output), then what comes. */
  'guest/output': topic(z.strictObject({ id: guestId }), z.strictObject({ data: z.string() })),
  'guest/events': topic(
    z.strictObject({}),
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('changed'), guest: guestInfo }),
      z.strictObject({ type: z.literal('closed'), id: guestId }),
      z.strictObject({
        type: z.literal('report'),
        id: guestId,
        title: z.string(),
        atNs: z.number(),
        step: z.number().int(),
      }),
    ]),
  ),
} as const;

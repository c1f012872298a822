import { z } from 'zod';
import { errorCodes } from './service-error.ts';

export { errorCodes, LARGEST_MESSAGE, ServiceError, type ErrorCode } from './service-error.ts';

/**
 * What goes over the border between the workbench's user interface and its service, over a WebSocket and over a
 * MessagePort alike. Each request has one answer; a subscription has events until it is ended; a cancelled request is
 * answered with the error `cancelled`.
 */
export const PROTOCOL_VERSION = 1;

/** The largest that the owner's user interface sends is a trace of a real kernel. */
export const LARGEST_REQUEST = 72 * 1024 * 1024;

/** What viewers of a shared session send is small: they ask, and hand over nothing. */
export const LARGEST_VIEWER_REQUEST = 64 * 1024;

const id = z.number().int().min(1).max(0xffff_ffff);

/** From the user interface to the service. */
export const requestSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('call'), id, method: z.string().max(64), params: z.unknown() }),
  z.strictObject({ type: z.literal('cancel'), id }),
  z.strictObject({ type: z.literal('subscribe'), id, topic: z.string().max(64), params: z.unknown() }),
  z.strictObject({ type: z.literal('unsubscribe'), id }),
  /** Credit for so many more bytes of a subscription: its sender waits when it has none left. */
  z.strictObject({ type: z.literal('credit'), id, bytes: z.number().int().min(1) }),
]);
export type Request = z.infer<typeof requestSchema>;

/** From the service to the user interface. */
export const responseSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocol: z.literal(PROTOCOL_VERSION),
    version: z.string(),
    role: z.enum(['owner', 'viewer']),
  }),
  z.strictObject({ type: z.literal('result'), id, value: z.unknown() }),
  z.strictObject({
    type: z.literal('error'),
    id,
    code: z.enum(errorCodes),
    message: z.string(),
    /** What would repair it, if that is known. */
    fix: z.string().nullable(),
  }),
  z.strictObject({ type: z.literal('event'), id, event: z.unknown() }),
  /** The subscription has come to its end. */
  z.strictObject({ type: z.literal('end'), id }),
]);
export type Response = z.infer<typeof responseSchema>;

import { z } from 'zod';

/**
 * The control channel of a guest: JSON, one message a line, over the socket (or the pipe of Windows) that
 * `SCYTHE_CONTROL` names. The guest connects; whoever started it listens. Both check what they get.
 */
export const CONTROL_VERSION = 1;

/** Environment variables that a guest looks at. */
export const CONTROL_ENVIRONMENT = { socket: 'SCYTHE_CONTROL', token: 'SCYTHE_CONTROL_TOKEN' } as const;

/** A longer line is no message of ours. */
export const LONGEST_LINE = 1024 * 1024;

const virtualTime = z.number().min(0).max(Number.MAX_SAFE_INTEGER).describe('virtual time in nanoseconds');
const text = z.string().max(4096);

export const taskSchema = z.strictObject({
  pid: z.number().int(),
  comm: text,
  user: z.boolean().describe('a process of user land, or a thread of the kernel'),
  state: z.string().max(1).describe('as ps has it: R, S, D, Z ...'),
  cpu: z.number().int(),
  waitsFor: text.nullable().describe('null if it runs or could'),
  heldBy: z.array(text).max(64),
  where: text.nullable().describe('the kernel function in which it waits'),
  until: virtualTime.nullable().describe('when it goes on by itself'),
});

/** What a guest tells. */
export const eventSchema = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('ready'),
    version: z.literal(CONTROL_VERSION),
    /** As SCYTHE_CONTROL_TOKEN has it; empty without one. */
    token: text,
    process: z.number().int().describe('the process of the guest on the host'),
    release: text.describe('as uname -r'),
    tree: text,
    patches: z.array(text).max(64),
    seed: z.number(),
  }),
  z.strictObject({ event: z.literal('clock'), now: virtualTime, factor: z.number(), paused: z.boolean() }),
  z.strictObject({
    event: z.literal('console'),
    state: z.enum(['running', 'idle', 'blocked', 'panic', 'exited']),
    now: virtualTime,
  }),
  z.strictObject({
    event: z.literal('report'),
    title: text,
    at: virtualTime,
    step: z.number().int().min(0),
  }),
  z.strictObject({ event: z.literal('exit'), code: z.number().int(), reason: text }),
  z.strictObject({
    event: z.literal('answer'),
    /** Of the command that it answers; null for a line that is no command. */
    id: z.number().int().nullable(),
    ok: z.boolean(),
    /** What is wrong, where something is. */
    error: text.optional(),
    tasks: z.array(taskSchema).max(10_000).optional(),
    path: text.optional(),
  }),
]);

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What a guest is told. Each command is answered, in order. */
export const commandSchema = z.discriminatedUnion('command', [
  z.strictObject({ id, command: z.literal('pause') }),
  z.strictObject({ id, command: z.literal('resume') }),
  z.strictObject({ id, command: z.literal('step'), to: virtualTime }),
  z.strictObject({ id, command: z.literal('realtime'), factor: z.number().min(0).max(1e6) }),
  z.strictObject({ id, command: z.literal('record'), path: z.string().min(1).max(4096) }),
  z.strictObject({ id, command: z.literal('describe') }),
  z.strictObject({ id, command: z.literal('quit') }),
]);

export type ControlEvent = z.infer<typeof eventSchema>;
export type ControlCommand = z.infer<typeof commandSchema>;
export type ControlTask = z.infer<typeof taskSchema>;

export const formatMessage = (message: ControlEvent | ControlCommand): string =>
  `${JSON.stringify(message)}\n`;

/** Cuts a stream into lines of a bounded length. */
export class LineReader {
  private rest = '';

  /** The lines that are complete now; null once one is too long, and for ever after. */
  read(chunk: string): string[] | null {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LONGEST_LINE || lines.some((line) => line.length > LONGEST_LINE)) return null;
    return lines.filter((line) => line.trim() !== '');
  }
}

/** Reads one line; a text says what is wrong with it. */
export function parseMessage<Schema extends z.ZodType>(
  line: string,
  schema: Schema,
): z.infer<Schema> | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'a line is not JSON';
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  return `${issue.path.join('.') || 'message'}: ${issue.message}`;
}

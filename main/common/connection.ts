import { z } from 'zod';
import type { MethodName, TopicName, WorkbenchService } from '../../app/service/contract/contract.ts';
import { methods, topics } from '../../app/service/contract/contract.ts';
import {
  PROTOCOL_VERSION,
  requestSchema,
  ServiceError,
  type Request,
  type Response,
} from '../../app/service/contract/wire.ts';

/** Carries messages to one user interface. */
export interface Channel {
  send(message: Response): void;
}

export interface Welcome {
  readonly version: string;
  readonly role: 'owner' | 'viewer';
}

/** What a subscription may send before its receiver has said that it took it in (bytes, roughly). */
const FIRST_CREDIT = 4 * 1024 * 1024;

/** What may wait for credit before a subscription is given up: its receiver has stopped taking. */
const LONGEST_QUEUE = 64 * 1024 * 1024;

interface Subscription {
  readonly stop: () => void;
  readonly waiting: { readonly event: unknown; readonly size: number }[];
  waitingSize: number;
  credit: number;
}

/**
 * One user interface at the service: checks each message, runs calls, feeds subscriptions. A message that makes no
 * sense is answered with an error if it has an id, and ends nothing.
 */
export class UiConnection {
  private readonly calls = new Map<number, AbortController>();
  private readonly subscriptions = new Map<number, Subscription>();
  private open = true;

  constructor(
    private readonly service: WorkbenchService,
    private readonly channel: Channel,
    welcome: Welcome,
  ) {
    channel.send({ type: 'hello', protocol: PROTOCOL_VERSION, ...welcome });
  }

  receive(message: unknown): void {
    if (!this.open) return;
    const request = requestSchema.safeParse(message);
    if (request.success) this.handle(request.data);
    else this.refuse(message, request.error);
  }

  /** Cancels all that goes on for this user interface. */
  dispose(): void {
    this.open = false;
    for (const call of this.calls.values()) call.abort();
    for (const { stop } of this.subscriptions.values()) stop();
    this.calls.clear();
    this.subscriptions.clear();
  }

  private handle(request: Request): void {
    switch (request.type) {
      case 'call':
        void this.call(request.id, request.method, request.params);
        break;
      case 'cancel':
        this.calls.get(request.id)?.abort();
        break;
      case 'subscribe':
        this.subscribe(request.id, request.topic, request.params);
        break;
      case 'unsubscribe':
        this.subscriptions.get(request.id)?.stop();
        this.subscriptions.delete(request.id);
        break;
      case 'credit':
        this.give(request.id, request.bytes);
        break;
    }
  }

  private async call(id: number, name: string, params: unknown): Promise<void> {
    const abort = new AbortController();
    try {
      if (this.calls.has(id)) throw new ServiceError('invalid', `a call with the id ${id} is under way`);
      if (!Object.hasOwn(methods, name)) throw unknownName('method', name);
      this.calls.set(id, abort);
      // The service checks the parameters against the schema of the method.
      const value: unknown = await this.service.call(name as MethodName, params as never, abort.signal);
      this.answer({ type: 'result', id, value });
    } catch (error) {
      this.answer(errorOf(id, error));
    } finally {
      if (this.calls.get(id) === abort) this.calls.delete(id);
    }
  }

  private subscribe(id: number, name: string, params: unknown): void {
    try {
      if (this.subscriptions.has(id)) throw new ServiceError('invalid', `the id ${id} is taken`);
      if (!Object.hasOwn(topics, name)) throw unknownName('topic', name);
      let stopped = false;
      let stopService: (() => void) | null = null;
      const subscription: Subscription = {
        credit: FIRST_CREDIT,
        waiting: [],
        waitingSize: 0,
        stop: () => {
          stopped = true;
          stopService?.();
        },
      };
      this.subscriptions.set(id, subscription);
      stopService = this.service.subscribe(name as TopicName, params as never, (event) => {
        if (!stopped) this.feed(id, subscription, event);
      });
      if (stopped) stopService();
    } catch (error) {
      this.subscriptions.delete(id);
      this.answer(errorOf(id, error));
    }
  }

  private feed(id: number, subscription: Subscription, event: unknown): void {
    const size = sizeOf(event);
    if (subscription.waiting.length === 0 && subscription.credit > 0) {
      subscription.credit -= size;
      this.answer({ type: 'event', id, event });
      return;
    }
    subscription.waiting.push({ event, size });
    subscription.waitingSize += size;
    if (subscription.waitingSize <= LONGEST_QUEUE) return;
    subscription.stop();
    this.subscriptions.delete(id);
    this.answer(errorOf(id, new ServiceError('too-large', 'the events came faster than they were taken')));
  }

  private give(id: number, bytes: number): void {
    const subscription = this.subscriptions.get(id);
    if (subscription === undefined) return;
    subscription.credit = Math.min(subscription.credit + bytes, FIRST_CREDIT);
    let sent = 0;
    for (const { event, size } of subscription.waiting) {
      if (subscription.credit <= 0) break;
      subscription.credit -= size;
      subscription.waitingSize -= size;
      this.answer({ type: 'event', id, event });
      sent++;
    }
    subscription.waiting.splice(0, sent);
  }

  private refuse(message: unknown, error: z.ZodError): void {
    const id = z.looseObject({ id: z.number().int().min(1) }).safeParse(message);
    if (!id.success) return;
    this.answer(errorOf(id.data.id, new ServiceError('invalid', `not a request: ${z.prettifyError(error)}`)));
  }

  private answer(message: Response): void {
    if (this.open) this.channel.send(message);
  }
}

function errorOf(id: number, error: unknown): Response {
  if (error instanceof ServiceError) {
    return { type: 'error', id, code: error.code, message: error.message, fix: error.fix };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { type: 'error', id, code: 'failed', message, fix: null };
}

function unknownName(kind: string, name: string): ServiceError {
  return new ServiceError('not-found', `there is no ${kind} ${JSON.stringify(name)}`);
}

/** Text counts with its length; what else an event holds is small. */
function sizeOf(event: unknown): number {
  const data = (event as { data?: unknown } | null)?.data;
  return 64 + (typeof data === 'string' ? data.length : 0);
}

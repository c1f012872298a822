import type {
  MethodName,
  Params,
  Result,
  TopicEvent,
  TopicName,
  TopicParams,
} from '../../app/service/contract/contract.ts';
import {
  PROTOCOL_VERSION,
  responseSchema,
  ServiceError,
  type Request,
  type Response,
} from '../../app/service/contract/wire.ts';
import type { Capabilities, Host, HostState } from './host.ts';

/** One connection to the service, however it is made. */
export interface Link {
  send(request: Request): void;
  close(): void;
}

export interface LinkEvents {
  readonly onMessage: (message: unknown) => void;
  readonly onClosed: (reason: string, final: boolean) => void;
}

export type OpenLink = (events: LinkEvents) => Link;

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

interface Subscription {
  readonly topic: TopicName;
  readonly params: unknown;
  readonly listener: (event: never) => void;
  readonly onError: ((error: Error) => void) | undefined;
  taken: number;
}

const RETRY_MS = [250, 500, 1000, 2000, 4000];

/** Events are acknowledged in lots of this size (bytes, roughly). */
const CREDIT_LOT = 256 * 1024;

/** A host at the other end of a link: calls, subscriptions, and coming back after a loss. */
export class RemoteHost implements Host {
  state: HostState = { kind: 'connecting' };
  private link: Link | null = null;
  private nextId = 1;
  private attempt = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly subscriptions = new Map<number, Subscription>();
  private readonly listeners = new Set<(state: HostState) => void>();

  constructor(
    private readonly openLink: OpenLink,
    readonly capabilities: Capabilities,
  ) {
    this.connect();
  }

  onState(listener: (state: HostState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  call<Name extends MethodName>(
    name: Name,
    params: Params<Name>,
    signal?: AbortSignal,
  ): Promise<Result<Name>> {
    return new Promise((resolve, reject) => {
      const { link } = this;
      if (link === null || this.state.kind !== 'open') {
        reject(new ServiceError('unavailable', 'the workbench has lost its host'));
        return;
      }
      if (signal?.aborted === true) {
        reject(new ServiceError('cancelled', 'cancelled'));
        return;
      }
      const id = this.nextId++;
      this.pending.set(id, { resolve: resolve, reject });
      signal?.addEventListener('abort', () => {
        if (this.pending.has(id)) link.send({ type: 'cancel', id });
      });
      link.send({ type: 'call', id, method: name, params });
    });
  }

  subscribe<Name extends TopicName>(
    name: Name,
    params: TopicParams<Name>,
    listener: (event: TopicEvent<Name>) => void,
    onError?: (error: Error) => void,
  ): () => void {
    const id = this.nextId++;
    const subscription: Subscription = {
      topic: name,
      params,
      listener: listener,
      onError,
      taken: 0,
    };
    this.subscriptions.set(id, subscription);
    if (this.state.kind === 'open') this.link?.send({ type: 'subscribe', id, topic: name, params });
    return () => {
      if (this.subscriptions.delete(id) && this.state.kind === 'open') {
        this.link?.send({ type: 'unsubscribe', id });
      }
    };
  }

  private connect(): void {
    this.become({ kind: 'connecting' });
    this.link = this.openLink({
      onMessage: (message) => this.receive(message),
      onClosed: (reason, final) => this.lose(reason, final),
    });
  }

  private receive(message: unknown): void {
    const response = responseSchema.safeParse(message);
    if (response.success) this.handle(response.data);
    else console.warn('a message that the workbench does not know', response.error.message);
  }

  private handle(response: Response): void {
    switch (response.type) {
      case 'hello': {
        if (response.protocol !== PROTOCOL_VERSION) return;
        this.attempt = 0;
        this.become({ kind: 'open', version: response.version, role: response.role });
        for (const [id, { topic, params }] of this.subscriptions) {
          this.link?.send({ type: 'subscribe', id, topic, params });
        }
        break;
      }
      case 'result':
        this.pending.get(response.id)?.resolve(response.value as never);
        this.pending.delete(response.id);
        break;
      case 'error':
        this.fail(response.id, new ServiceError(response.code, response.message, response.fix));
        break;
      case 'event':
        this.deliver(response.id, response.event);
        break;
      case 'end':
        this.subscriptions.delete(response.id);
        break;
    }
  }

  private deliver(id: number, event: unknown): void {
    const subscription = this.subscriptions.get(id);
    if (subscription === undefined) return;
    subscription.listener(event as never);
    const data = (event as { data?: unknown } | null)?.data;
    subscription.taken += 64 + (typeof data === 'string' ? data.length : 0);
    if (subscription.taken < CREDIT_LOT) return;
    this.link?.send({ type: 'credit', id, bytes: subscription.taken });
    subscription.taken = 0;
  }

  private fail(id: number, error: ServiceError): void {
    const subscription = this.subscriptions.get(id);
    this.subscriptions.delete(id);
    subscription?.onError?.(error);
    this.pending.get(id)?.reject(error);
    this.pending.delete(id);
  }

  private lose(reason: string, final: boolean): void {
    this.link = null;
    for (const { reject } of this.pending.values()) {
      reject(new ServiceError('unavailable', 'the workbench has lost its host'));
    }
    this.pending.clear();
    this.become({ kind: 'lost', reason, final });
    if (final) return;
    const wait = RETRY_MS[Math.min(this.attempt++, RETRY_MS.length - 1)];
    setTimeout(() => this.connect(), wait);
  }

  private become(state: HostState): void {
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }
}

import { setMaxListeners } from 'node:events';
import { ScytheBug } from '../base/assert.ts';
import { InputError } from '../scenario/issues.ts';
import type { Area, CallContext, Caller, Role } from './area.ts';
import { forViewers, methods, topics, type WorkbenchService } from './contract/contract.ts';
import { ServiceError } from './contract/wire.ts';

/**
 * The workbench without its window. Hosts connect one caller per user interface; what it may do is decided here,
 * not in the host.
 *
 * Invariants:
 * 1. A handler is called with parameters that have been checked, never otherwise.
 * 2. A viewer reaches nothing that is not in `forViewers`.
 * 3. Whatever fails comes to the caller as a `ServiceError`.
 * 4. After `dispose()` nothing is under way and no listener is called.
 */
export interface Service {
  /** A caller with the rights of its role. Its subscriptions end with `close()`. */
  connect(role: Role): Connection;
  dispose(): Promise<void>;
}

export interface Connection extends WorkbenchService {
  readonly role: Role;
  close(): void;
}

type AnyHandler = (params: unknown, context: CallContext) => unknown;
type AnyTopicHandler = (params: unknown, emit: (event: unknown) => void, caller: Caller) => () => void;

/** A service of areas; of two that answer for one method, the later one is asked. */
export function serviceOf(areas: readonly Area[]): Service {
  const handlers = new Map<string, AnyHandler>();
  const topicHandlers = new Map<string, AnyTopicHandler>();
  for (const area of areas) {
    for (const [name, handler] of Object.entries(area.methods)) handlers.set(name, handler as AnyHandler);
    for (const [name, handler] of Object.entries(area.topics ?? {})) {
      topicHandlers.set(name, handler as unknown as AnyTopicHandler);
    }
  }
  const open = new Set<CallerConnection>();
  let callers = 0;
  let disposed = false;
  return {
    connect: (role) => {
      if (disposed) throw new ServiceError('unavailable', 'the workbench has ended');
      const connection = new CallerConnection({ id: ++callers, role }, handlers, topicHandlers, () =>
        open.delete(connection),
      );
      open.add(connection);
      return connection;
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      for (const connection of [...open]) connection.close();
      await Promise.all(areas.map(async (area) => await area.dispose?.()));
    },
  };
}

class CallerConnection implements Connection {
  private readonly subscriptions = new Set<() => void>();
  private readonly closing = new AbortController();

  constructor(
    private readonly caller: Caller,
    private readonly handlers: ReadonlyMap<string, AnyHandler>,
    private readonly topicHandlers: ReadonlyMap<string, AnyTopicHandler>,
    private readonly onClose: () => void,
  ) {
    // Every call that is under way listens for the end: many at once are no leak.
    setMaxListeners(0, this.closing.signal);
  }

  get role(): Role {
    return this.caller.role;
  }

  readonly call: WorkbenchService['call'] = async (name, params, signal) => {
    const cancel = new AbortController();
    const onAbort = () => {
      cancel.abort();
    };
    const outside = signal === undefined ? [this.closing.signal] : [signal, this.closing.signal];
    for (const each of outside) {
      if (each.aborted) cancel.abort();
      each.addEventListener('abort', onAbort);
    }
    try {
      const result = await cancellable(cancel.signal, () => {
        this.admit(name, methods, 'method');
        const checked = check(methods[name].params.safeParse(params), name);
        const handler = this.handlers.get(name);
        if (handler === undefined) throw missing(name);
        return handler(checked, { caller: this.caller, signal: cancel.signal });
      });
      return result as never;
    } finally {
      for (const each of outside) each.removeEventListener('abort', onAbort);
    }
  };

  readonly subscribe: WorkbenchService['subscribe'] = (name, params, listener) => {
    if (this.closing.signal.aborted) throw new ServiceError('unavailable', 'the connection has ended');
    this.admit(name, topics, 'topic');
    const checked = check(topics[name].params.safeParse(params), name);
    const handler = this.topicHandlers.get(name);
    if (handler === undefined) throw missing(name);
    let live = true;
    const emit = (event: unknown) => {
      if (live) listener(event as never);
    };
    let stop: () => void;
    try {
      stop = handler(checked, emit, this.caller);
    } catch (error) {
      live = false;
      throw serviceErrorOf(error);
    }
    const end = () => {
      if (!live) return;
      live = false;
      this.subscriptions.delete(end);
      stop();
    };
    this.subscriptions.add(end);
    return end;
  };

  close(): void {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    for (const end of [...this.subscriptions]) end();
    this.onClose();
  }

  /** Invariant 2. Names come from the other side of the border, so they may be anything. */
  private admit(name: string, table: object, what: string): void {
    if (!Object.hasOwn(table, name)) throw new ServiceError('not-found', `there is no ${what} "${name}"`);
    if (this.role === 'viewer' && !forViewers.has(name)) {
      throw new ServiceError('forbidden', `who looks on cannot use ${name}`, 'ask the one who shares');
    }
  }
}

/** Ends the wait when the signal is aborted, whether or not the work looks at it. */
function cancellable(signal: AbortSignal, work: () => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(new ServiceError('cancelled', 'cancelled'));
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    // What is thrown at once and what fails later come out alike.
    new Promise((done) => done(work())).then(resolve, (error: unknown) => {
      reject(serviceErrorOf(error));
    });
  });
}

interface Parsed {
  readonly success: boolean;
  readonly data?: unknown;
  readonly error?: { readonly issues: readonly { readonly path: PropertyKey[]; readonly message: string }[] };
}

function check(parsed: Parsed, name: string): unknown {
  if (parsed.success) return parsed.data;
  const issue = parsed.error?.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  throw new ServiceError('invalid', `${name}: ${where}${issue?.message ?? 'wrong parameters'}`);
}

function missing(name: string): ServiceError {
  return new ServiceError('unavailable', `${name} cannot be had in this workbench`);
}

/** Invariant 3. */
export function serviceErrorOf(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof InputError) return new ServiceError('invalid', error.message, error.issues[0].fix);
  if (error instanceof ScytheBug) return new ServiceError('failed', error.message, 'please report it');
  return new ServiceError('failed', error instanceof Error ? error.message : String(error));
}

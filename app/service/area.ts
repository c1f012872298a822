import type { MethodName, Params, Result, TopicEvent, TopicName, TopicParams } from './contract/contract.ts';
import type { methods, topics } from './contract/contract.ts';
import type { z } from 'zod';

export type Role = 'owner' | 'viewer';

/** One user interface that is connected to the service. */
export interface Caller {
  /** Tells connections apart, for what one does and the others shall hear of. */
  readonly id: number;
  readonly role: Role;
}

/** What a handler knows besides its parameters. */
export interface CallContext {
  readonly caller: Caller;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Parameters as they are once they have been checked. */
export type Checked<Name extends MethodName> = z.output<(typeof methods)[Name]['params']>;
export type CheckedTopic<Name extends TopicName> = z.output<(typeof topics)[Name]['params']>;

export type MethodHandlers = {
  readonly [Name in MethodName]?: (
    params: Checked<Name>,
    context: CallContext,
  ) => Result<Name> | Promise<Result<Name>>;
};

/** Sends what there is now and then what comes; the function that it returns ends that. */
export type TopicHandlers = {
  readonly [Name in TopicName]?: (
    params: CheckedTopic<Name>,
    emit: (event: TopicEvent<Name>) => void,
    caller: Caller,
  ) => () => void;
};

/** A part of the service: the methods and topics that it answers for. */
export interface Area {
  readonly methods: MethodHandlers;
  readonly topics?: TopicHandlers;
  /** Ends all that it has under way. */
  dispose?(): void | Promise<void>;
}

export type { MethodName, Params, Result, TopicEvent, TopicName, TopicParams };

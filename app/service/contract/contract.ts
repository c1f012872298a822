import type { z } from 'zod';
import { guestMethods, guestTopics } from './guests.ts';
import { runMethods, runTopics } from './runs.ts';
import { scenarioMethods } from './scenario.ts';
import { searchMethods, searchTopics } from './search.ts';
import { shareMethods, shareTopics } from './share.ts';
import { windowMethods, windowTopics } from './window.ts';
import { workspaceMethods, workspaceTopics } from './workspace.ts';

/** All that the user interface can ask for. */
export const methods = {
  ...workspaceMethods,
  ...scenarioMethods,
  ...runMethods,
  ...searchMethods,
  ...guestMethods,
  ...shareMethods,
  ...windowMethods,
} as const;

/** All that it can listen to. */
export const topics = {
  ...workspaceTopics,
  ...runTopics,
  ...searchTopics,
  ...guestTopics,
  ...shareTopics,
  ...windowTopics,
} as const;

export type MethodName = keyof typeof methods;
export type Params<Name extends MethodName> = z.input<(typeof methods)[Name]['params']>;
export type Result<Name extends MethodName> = z.output<(typeof methods)[Name]['result']>;

export type TopicName = keyof typeof topics;
export type TopicParams<Name extends TopicName> = z.input<(typeof topics)[Name]['params']>;
export type TopicEvent<Name extends TopicName> = z.output<(typeof topics)[Name]['event']>;

/** Methods and topics that a viewer of a shared session may use: they look, and change nothing. */
export const forViewers: ReadonlySet<string> = new Set<MethodName | TopicName>([
  'file/read',
  'run/compare',
  'run/console',
  'run/explain',
  'run/inspect',
  'run/list',
  'run/log',
  'run/seek',
  'run/state',
  'run/trace',
  'scenario/catalogue',
  'search/list',
  'search/state',
  'matrix/state',
  'guest/events',
  'guest/list',
  'guest/output',
  'share/view',
  'source/find',
  'source/list',
  'source/read',
]);

/** What the service is to its hosts: one caller each, with the rights of its role. */
export interface WorkbenchService {
  call<Name extends MethodName>(
    name: Name,
    params: Params<Name>,
    signal?: AbortSignal,
  ): Promise<Result<Name>>;
  /** Calls the listener until the function that it returns is called. */
  subscribe<Name extends TopicName>(
    name: Name,
    params: TopicParams<Name>,
    listener: (event: TopicEvent<Name>) => void,
  ): () => void;
}

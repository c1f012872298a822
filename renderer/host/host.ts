import type {
  MethodName,
  Params,
  Result,
  TopicEvent,
  TopicName,
  TopicParams,
} from '../../app/service/contract/contract.ts';

/** How the host's window lends itself to the workbench; the page asks for these and never what the host is. */
export interface Capabilities {
  /** The host shows a menu bar of its own. */
  readonly nativeMenu: boolean;
  readonly taskbarProgress: boolean;
}

export type Role = 'owner' | 'viewer';

export type HostState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly version: string; readonly role: Role }
  /** It will be tried again, unless the reason says that this is of no use. */
  | { readonly kind: 'lost'; readonly reason: string; readonly final: boolean };

/** The service as the page sees it, over whatever connects them. */
export interface Host {
  readonly capabilities: Capabilities;
  readonly state: HostState;
  onState(listener: (state: HostState) => void): () => void;
  /** Rejects with a `ServiceError`. */
  call<Name extends MethodName>(
    name: Name,
    params: Params<Name>,
    signal?: AbortSignal,
  ): Promise<Result<Name>>;
  /** Lives through lost connections: it is made again, and begins again, when the host is back. */
  subscribe<Name extends TopicName>(
    name: Name,
    params: TopicParams<Name>,
    listener: (event: TopicEvent<Name>) => void,
    onError?: (error: Error) => void,
  ): () => void;
}

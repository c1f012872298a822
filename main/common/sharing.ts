import { networkInterfaces } from 'node:os';
import type { Area } from '../../app/service/area.ts';
import type { WorkbenchService } from '../../app/service/contract/contract.ts';
import type { ShareState } from '../../app/service/contract/share.ts';
import { LARGEST_VIEWER_REQUEST, ServiceError } from '../../app/service/contract/wire.ts';
import { newToken, sameToken, startWebServer, type WebServer } from '../web/server.ts';

export interface SharingOptions {
  /** The folder with the built renderer. */
  readonly folder: string;
  readonly version: string;
  /** A caller that may look and change nothing. */
  readonly connectViewer: () => WorkbenchService & { close(): void };
}

interface Viewer {
  readonly id: string;
  readonly address: string;
  readonly name: string;
  readonly close: () => void;
}

type View = Record<string, unknown>;

/**
 * One workbench shown to others: a second server, on an address that the owner chooses, whose callers are viewers.
 * Its token is made anew each time, and it ends with the sharing.
 */
export function sharingArea({ folder, version, connectViewer }: SharingOptions): Area {
  let server: WebServer | null = null;
  let token = '';
  let view: View = {};
  let viewerNumber = 0;
  const viewers = new Map<string, Viewer>();
  const stateListeners = new Set<(state: ShareState) => void>();
  const viewListeners = new Set<(event: { view: View }) => void>();

  const state = (): ShareState => ({
    active: server !== null,
    url: server === null ? null : `${server.origin}/view#token=${token}`,
    viewers: [...viewers.values()].map(({ id, address, name }) => ({ id, address, name })),
  });
  const tell = (): ShareState => {
    const now = state();
    for (const listener of stateListeners) listener(now);
    return now;
  };
  const stop = async (): Promise<ShareState> => {
    const ending = server;
    server = null;
    for (const { close } of viewers.values()) close();
    viewers.clear();
    await ending?.close();
    return tell();
  };

  const start = async (address: string): Promise<ShareState> => {
    if (server !== null) await stop();
    if (!reachableAddresses().some((choice) => choice.address === address)) {
      throw new ServiceError(
        'invalid',
        `${address} is no address of this machine`,
        'choose one that share/addresses lists',
      );
    }
    token = newToken();
    server = await startWebServer({
      folder,
      address,
      port: 0,
      largestMessage: LARGEST_VIEWER_REQUEST,
      admit: (visit) => {
        if (!sameToken(visit.token, token)) return null;
        const id = String(++viewerNumber);
        const caller = connectViewer();
        viewers.set(id, { id, address: visit.address, name: visit.name, close: visit.close });
        tell();
        const onClose = () => {
          caller.close();
          if (viewers.delete(id)) tell();
        };
        return { service: caller, role: 'viewer', version, onClose };
      },
    }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new ServiceError('failed', `cannot listen on ${address}: ${why}`, 'choose another address');
    });
    return tell();
  };

  return {
    methods: {
      'share/addresses': () => ({ addresses: reachableAddresses() }),
      'share/start': ({ address }) => start(address),
      'share/stop': stop,
      'share/drop': ({ viewer }) => {
        viewers.get(viewer)?.close();
        viewers.delete(viewer);
        return tell();
      },
      'share/publish': (published) => {
        view = published.view;
        for (const listener of viewListeners) listener({ view });
        return {};
      },
    },
    topics: {
      'share/state': (_params, emit) => {
        stateListeners.add(emit);
        emit(state());
        return () => stateListeners.delete(emit);
      },
      'share/view': (_params, emit) => {
        viewListeners.add(emit);
        emit({ view });
        return () => viewListeners.delete(emit);
      },
    },
    dispose: async () => {
      await stop();
    },
  };
}

/** Addresses of this machine, loopback first: the others come after those who look from the same machine. */
function reachableAddresses(): { address: string; name: string }[] {
  const own = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ address, name })),
  );
  return [{ address: '127.0.0.1', name: 'this machine only' }, ...own];
}

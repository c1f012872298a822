import type { Capabilities, Host } from './host.ts';
import { openPort } from './port-link.ts';
import { RemoteHost } from './remote-host.ts';
import { openSocket, takeToken } from './socket-link.ts';

declare global {
  interface Window {
    /** Set by a host that is more than a web server: what it lends to the page. */
    readonly scytheHost?: Capabilities;
  }
}

const BROWSER: Capabilities = { nativeMenu: false, taskbarProgress: false };

/** Connects with whatever host the page was opened by. */
export function connect(): Host {
  const lent = window.scytheHost;
  if (lent !== undefined) return new RemoteHost(openPort, lent);
  const token = takeToken();
  return new RemoteHost((events) => openSocket(token, '', events), BROWSER);
}

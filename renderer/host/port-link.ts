import type { Link, LinkEvents } from './remote-host.ts';

/** A port that the host's preload script hands over with a message of this kind. */
export const PORT_MESSAGE = 'scythe:port';

/** Takes the port that the host hands over. Messages go as objects: typed arrays are moved, not copied. */
export function openPort(events: LinkEvents): Link {
  let port: MessagePort | null = null;
  const take = (event: MessageEvent<unknown>) => {
    if (event.source !== window || event.data !== PORT_MESSAGE || event.ports[0] === undefined) return;
    window.removeEventListener('message', take);
    port = event.ports[0];
    port.onmessage = ({ data }: MessageEvent<unknown>) => events.onMessage(data);
    port.start();
  };
  window.addEventListener('message', take);
  window.postMessage('scythe:ready', location.origin);
  return {
    send: (request) => port?.postMessage(request),
    close: () => port?.close(),
  };
}

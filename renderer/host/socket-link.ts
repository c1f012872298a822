import { decodeFrame, encodeFrame } from '../../app/service/contract/frame.ts';
import type { Link, LinkEvents } from './remote-host.ts';

const TOKEN_KEY = 'scythe.token';

/**
 * The token with which the page was opened: in the fragment of its address, which no server sees. It is taken out of
 * the address at once, and kept for this tab only, so that the page can be loaded again.
 */
export function takeToken(): string {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get('token');
  if (token === null) return sessionStorage.getItem(TOKEN_KEY) ?? '';
  sessionStorage.setItem(TOKEN_KEY, token);
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** Opens a WebSocket to the host that the page came from. */
export function openSocket(token: string, name: string, events: LinkEvents): Link {
  const socket = new WebSocket(`ws://${location.host}/workbench`);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => socket.send(encodeFrame({ type: 'open', token, name }));
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    events.onMessage(decodeFrame(new Uint8Array(data)));
  };
  socket.onclose = ({ code, reason }) => {
    // 1000: the host said goodbye; 4400 and 4401: it does not want this page. Anything else may pass.
    const final = code === 1000 || code === 4400 || code === 4401;
    events.onClosed(reason === '' ? 'the host does not answer' : reason, final);
  };
  return {
    send: (request) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(encodeFrame(request));
    },
    close: () => socket.close(),
  };
}

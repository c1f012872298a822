import { timingSafeEqual, createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { z } from 'zod';
import type { WorkbenchService } from '../../app/service/contract/contract.ts';
import { decodeFrame, encodeFrame } from '../../app/service/contract/frame.ts';
import { LARGEST_REQUEST } from '../../app/service/contract/wire.ts';
import { UiConnection, type Welcome } from '../common/connection.ts';
import { contentSecurityPolicy } from '../common/csp.ts';
import { serveStatic } from './static.ts';

/** Whoever has shown a token that is known: their service, and what happens when they are gone. */
export interface Admission extends Welcome {
  readonly service: WorkbenchService;
  readonly onClose?: () => void;
}

export interface WebServerOptions {
  /** The folder with the built renderer. */
  readonly folder: string;
  /** The address to listen on; loopback unless a session is shared. */
  readonly address: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** A longer message ends its connection (bytes). */
  readonly largestMessage?: number;
  /**
   * Who comes with this token from this address; null for nobody. `close` ends their connection.
   */
  readonly admit: (visit: {
    token: string;
    address: string;
    name: string;
    close: () => void;
  }) => Admission | null;
}

export interface WebServer {
  readonly port: number;
  /** `http://127.0.0.1:4000` */
  readonly origin: string;
  close(): Promise<void>;
}

/** Where the page's socket is. */
export const SOCKET_PATH = '/workbench';

/** The first message must come within this time: a page on a busy machine takes a while to begin. */
const KNOCK_MS = 30_000;
const PING_MS = 15_000;
const MOST_CONNECTIONS = 64;

const knockSchema = z.strictObject({
  type: z.literal('open'),
  token: z.string().max(256),
  name: z.string().max(64).default(''),
});

const CLOSE = { refused: 4401, invalid: 4400, late: 4408, full: 4429 } as const;

/** Serves the workbench's page and its socket. Rejects if the address cannot be listened on. */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  let hosts: ReadonlySet<string> = new Set();
  const server = createServer((request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    if (!hosts.has(request.headers.host ?? '')) {
      // A name that somebody else's page had resolved to this machine.
      response.writeHead(421, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('This is not the host that the workbench is served by.\n');
      return;
    }
    const { host } = request.headers;
    response.setHeader('Content-Security-Policy', contentSecurityPolicy([`ws://${host ?? ''}`]));
    serveStatic(options.folder, request, response).catch(() => response.destroy());
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.largestMessage ?? LARGEST_REQUEST,
    clientTracking: true,
  });
  server.on('upgrade', (request, socket, head) => {
    if (!mayConnect(request, hosts)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      if (sockets.clients.size > MOST_CONNECTIONS) ws.close(CLOSE.full, 'too many connections');
      else receive(ws, request, options);
    });
  });
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  const shown = options.address.includes(':') ? `[${options.address}]` : options.address;
  hosts = new Set(
    [shown, ...(isLoopback(options.address) ? ['localhost', '127.0.0.1', '[::1]'] : [])].map(
      (name) => `${name}:${port}`,
    ),
  );
  const heartbeat = beat(sockets);
  return {
    port,
    origin: `http://${shown}:${port}`,
    close: async () => {
      clearInterval(heartbeat);
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A token of 128 bits, for the fragment of a URL. */
export function newToken(): string {
  return randomBytes(16).toString('base64url');
}

/** Compares without telling by its time how much was right. */
export function sameToken(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function receive(ws: WebSocket, request: IncomingMessage, options: WebServerOptions): void {
  const address = request.socket.remoteAddress ?? '';
  let connection: UiConnection | null = null;
  let admission: Admission | null = null;
  const late = setTimeout(() => ws.close(CLOSE.late, 'no token came'), KNOCK_MS);
  ws.on('message', (data: RawData) => {
    const message = messageOf(data);
    if (message === undefined) {
      ws.close(CLOSE.invalid, 'not a message of the workbench');
      return;
    }
    if (connection !== null) {
      connection.receive(message);
      return;
    }
    clearTimeout(late);
    const knock = knockSchema.safeParse(message);
    admission = knock.success
      ? options.admit({ ...knock.data, address, close: () => ws.close(1000, 'closed by the owner') })
      : null;
    if (admission === null) {
      ws.close(CLOSE.refused, 'the token is not known');
      return;
    }
    const { service, version, role } = admission;
    connection = new UiConnection(
      service,
      { send: (answer) => ws.send(encodeFrame(answer)) },
      { version, role },
    );
  });
  ws.on('close', () => {
    clearTimeout(late);
    connection?.dispose();
    admission?.onClose?.();
  });
  // A message that is too large, or no frame: the socket closes itself.
  ws.on('error', () => {});
}

function messageOf(data: RawData): unknown {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data as Buffer);
    return decodeFrame(bytes);
  } catch {
    return undefined;
  }
}

/** The page that opens the socket must have come from here: other pages in the same browser may not. */
function mayConnect(request: IncomingMessage, hosts: ReadonlySet<string>): boolean {
  const { host = '', origin } = request.headers;
  return hosts.has(host) && origin === `http://${host}` && request.url === SOCKET_PATH;
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function beat(sockets: WebSocketServer): NodeJS.Timeout {
  const silent = new WeakSet<WebSocket>();
  return setInterval(() => {
    for (const client of sockets.clients) {
      if (silent.has(client)) {
        client.terminate();
        continue;
      }
      silent.add(client);
      client.once('pong', () => silent.delete(client));
      client.ping();
    }
  }, PING_MS).unref();
}

function listening(server: Server, { address, port }: WebServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { WorkbenchService } from '../../app/service/contract/contract.ts';
import { decodeFrame, encodeFrame } from '../../app/service/contract/frame.ts';
import { newToken, SOCKET_PATH, startWebServer, type WebServer } from './server.ts';

const token = newToken();
/** Answers every call with its name, and feeds every subscription once. */
const echo = {
  call: (name: string) => Promise.resolve({ name }),
  subscribe: (_name: string, _params: unknown, listener: (event: unknown) => void) => {
    listener({ data: 'first' });
    return () => {};
  },
} as unknown as WorkbenchService;

let folder: string;
let server: WebServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scythe-web-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  server = await startWebServer({
    folder,
    address: '127.0.0.1',
    port: 0,
    admit: (visit) => (visit.token === token ? { service: echo, role: 'owner', version: '1' } : null),
  });
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path, headers, method }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    })
      .on('error', reject)
      .end();
  });
}

/** Opens a socket, sends messages, and gathers what comes until it is closed or `enough` messages have come. */
function talk(messages: readonly unknown[], enough: number, origin = server.origin) {
  return new Promise<{ received: unknown[]; code: number }>((resolve) => {
    const received: unknown[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${SOCKET_PATH}`, { origin });
    socket.on('open', () => {
      for (const message of messages) {
        socket.send(message instanceof Uint8Array ? message : encodeFrame(message));
      }
    });
    socket.on('message', (data: Buffer) => {
      received.push(decodeFrame(new Uint8Array(data)));
      if (received.length === enough) socket.close();
    });
    socket.on('close', (code) => resolve({ received, code }));
    socket.on('error', () => resolve({ received, code: 0 }));
  });
}

const knock = { type: 'open', token };

describe('the page', () => {
  test('comes with a policy that lets in nothing from elsewhere', async () => {
    const { status, headers } = await get('/');
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test.each([
    ['/../../etc/passwd', 404],
    ['/%2e%2e/%2e%2e/etc/passwd', 404],
    ['/%00', 404],
    ['/%zz', 404],
    ['/missing.js', 404],
    ['/view', 200],
  ])('%s is answered with %d', async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });

  test('is not given to a page of another name that leads here', async () => {
    expect((await get('/', { host: `evil.example:${server.port}` })).status).toBe(421);
  });

  test('is only read', async () => {
    expect((await get('/', {}, 'POST')).status).toBe(405);
  });
});

describe('the socket', () => {
  test('answers calls and feeds subscriptions once the token was right', async () => {
    const { received } = await talk(
      [
        knock,
        { type: 'call', id: 1, method: 'run/list', params: {} },
        { type: 'subscribe', id: 2, topic: 'share/state', params: {} },
      ],
      3,
    );
    expect(received).toContainEqual({ type: 'hello', protocol: 1, version: '1', role: 'owner' });
    expect(received).toContainEqual({ type: 'result', id: 1, value: { name: 'run/list' } });
    expect(received).toContainEqual({ type: 'event', id: 2, event: { data: 'first' } });
  });

  test('is closed for a token that is not known, and for a first message that is none', async () => {
    expect(await talk([{ type: 'open', token: newToken() }], 1)).toEqual({ received: [], code: 4401 });
    expect(await talk([{ type: 'call', id: 1 }], 1)).toEqual({ received: [], code: 4401 });
    expect((await talk([new Uint8Array([1, 2, 3])], 1)).code).toBe(4400);
  });

  test('is not opened for a page that came from elsewhere', async () => {
    expect((await talk([knock], 1, 'http://evil.example')).code).toBe(0);
  });

  test('answers what it does not know with an error, and goes on', async () => {
    const { received } = await talk(
      [
        knock,
        { type: 'call', id: 7, method: 'no/such', params: {} },
        { type: 'shout', id: 8 },
        { type: 'call', id: 9, method: 'run/list', params: {} },
      ],
      4,
    );
    expect(received).toContainEqual(expect.objectContaining({ type: 'error', id: 7, code: 'not-found' }));
    expect(received).toContainEqual(expect.objectContaining({ type: 'error', id: 8, code: 'invalid' }));
    expect(received).toContainEqual(expect.objectContaining({ type: 'result', id: 9 }));
  });
});

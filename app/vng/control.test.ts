import { createServer, type Server, type Socket } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlChannel } from './control-channel.ts';
import {
  commandSchema,
  eventSchema,
  LineReader,
  LONGEST_LINE,
  parseMessage,
  type ControlEvent,
} from './control.ts';
import { TestConsole } from './testing/console.ts';

describe('the protocol', () => {
  test('cuts a stream into lines, wherever its chunks end', () => {
    const reader = new LineReader();
    expect(reader.read('{"a":1}\n{"b"')).toEqual(['{"a":1}']);
    expect(reader.read(':2}\n\n')).toEqual(['{"b":2}']);
    expect(reader.read('x'.repeat(LONGEST_LINE + 1))).toBeNull();
  });

  test.each([
    ['nonsense', 'a line is not JSON'],
    ['{"id":1,"command":"explode"}', 'command: '],
    ['{"id":1,"command":"step"}', 'to: '],
    ['{"id":1,"command":"step","to":-1}', 'to: '],
    ['{"id":1,"command":"pause","more":1}', 'message: '],
    ['{"command":"pause"}', 'id: '],
  ])('refuses %s', (line, reason) => {
    expect(parseMessage(line, commandSchema)).toContain(reason);
  });

  test('takes what it describes', () => {
    expect(parseMessage('{"id":1,"command":"step","to":5}', commandSchema)).toEqual({
      id: 1,
      command: 'step',
      to: 5,
    });
  });
});

describe('the channel', () => {
  let folder = '';
  let server: Server;
  let socket: Socket | null = null;
  let events: ControlEvent[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vng-'));
    events = [];
    const path = process.platform === 'win32' ? `\\\\.\\pipe\\vng-${process.pid}` : join(folder, 'control');
    server = createServer((connection) => {
      socket = connection;
      const reader = new LineReader();
      connection.setEncoding('utf8').on('data', (chunk: string) => {
        for (const line of reader.read(chunk) ?? []) {
          const event = parseMessage(line, eventSchema);
          if (typeof event === 'string') throw new Error(`${event}: ${line}`);
          events.push(event);
        }
      });
      connection.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });

  afterEach(() => {
    socket?.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function connect() {
    const lost: string[] = [];
    const console = await TestConsole.open();
    const address = server.address();
    const channel = new ControlChannel({
      ...{ path: typeof address === 'string' ? address : '', token: 'secret', session: console.session },
      ...{ tree: 'v6.12', patches: [], seed: 1 },
      record: (path) => console.session.recording.scenario(path),
      onLost: (reason) => lost.push(reason),
    });
    console.session.watcher = channel;
    return { console, channel, lost };
  }

  /** Waits for an event, as long as the test may take. */
  async function event<Name extends ControlEvent['event']>(
    name: Name,
    fits: (event: Extract<ControlEvent, { event: Name }>) => boolean = () => true,
  ) {
    for (;;) {
      const found = events.find(
        (each) => each.event === name && fits(each as Extract<ControlEvent, { event: Name }>),
      );
      if (found !== undefined) return found as Extract<ControlEvent, { event: Name }>;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  const answer = (id: number) => event('answer', (each) => each.id === id);
  const send = (message: object) => socket?.write(`${JSON.stringify(message)}\n`);

  test('says who is there, and how the console does', async () => {
    const { console } = await connect();
    expect(await event('ready')).toMatchObject({
      token: 'secret',
      tree: 'v6.12',
      release: '6.12.117',
      version: 1,
    });
    expect(await event('console')).toMatchObject({ state: 'idle' });
    console.line('./simple_kvm & sleep 0.1; echo $! > /sys/kernel/debug/oom_reap_task', 500);
    const report = await event('report');
    expect(report.title).toContain('BUG: sleeping function called from invalid context');
    expect(report.at).toBeGreaterThan(0.8e9);
    console.line('echo c > /proc/sysrq-trigger', 500);
    await event('console', ({ state }) => state === 'panic');
  });

  test('pauses, steps to a moment and goes on', async () => {
    const { console } = await connect();
    await event('ready');
    send({ id: 1, command: 'pause' });
    expect(await answer(1)).toMatchObject({ ok: true });
    console.session.type('echo x\r');
    console.clock.pass(1_000);
    expect(console.shown).not.toContain('\r\nx\r\n');
    send({ id: 2, command: 'step', to: 5_000_000_000 });
    await answer(2);
    expect(console.session.engine.virtualNow).toBe(5_000_000_000);
    expect(await event('clock', ({ now }) => now === 5_000_000_000)).toMatchObject({ paused: true });
    send({ id: 3, command: 'realtime', factor: 2 });
    send({ id: 4, command: 'resume' });
    await answer(4);
    console.clock.pass(1_000);
    expect(console.session.engine.virtualNow).toBeCloseTo(7e9, -8);
  });

  test('describes tasks, refuses nonsense and quits', async () => {
    const { console } = await connect();
    await event('ready');
    send({ id: 1, command: 'describe' });
    const { tasks } = await answer(1);
    expect(tasks?.[0]).toMatchObject({ comm: 'bash', pid: 63, user: true, state: 'S' });
    socket?.write('{"id":2,"command":"dance"}\n');
    expect(await answer(2)).toMatchObject({ ok: false });
    send({ id: 3, command: 'quit' });
    await answer(3);
    expect(console.code).toBe(0);
  });

  test('tells when whoever listens is gone', async () => {
    const { lost } = await connect();
    await event('ready');
    socket?.destroy();
    while (lost.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(lost).toEqual(['it was closed']);
  });

  test('ends with a last word', async () => {
    const { channel } = await connect();
    await event('ready');
    await channel.exit(143, 'ended by SIGTERM');
    expect(await event('exit')).toEqual({ event: 'exit', code: 143, reason: 'ended by SIGTERM' });
  });

  test('the recording is written where the command says', async () => {
    await connect();
    await event('ready');
    send({ id: 1, command: 'record', path: join(folder, 'x.yaml') });
    expect(await answer(1)).toMatchObject({ ok: true, path: join(folder, 'x.yaml') });
    expect(() => readFileSync(join(folder, 'missing'))).toThrow();
  });
});

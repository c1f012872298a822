import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { guestInfo } from '../contract/guests.ts';
import { serviceOf, type Connection } from '../dispatch.ts';
import { ServiceError } from '../contract/wire.ts';
import { temporaryFolder } from '../testing/service.ts';
import { createGuests } from './area.ts';
import type { Pty, PtyOptions } from './pty.ts';

/** A pseudo terminal without a process, and the guest's end of the control channel. */
class FakeVng implements Pty {
  readonly pid = 1;
  readonly written: string[] = [];
  killed: string | undefined;
  paused = 0;
  private readonly data: ((data: string) => void)[] = [];
  private readonly exits: ((exit: { exitCode: number }) => void)[] = [];

  constructor(readonly options: PtyOptions) {}

  onData = (listener: (data: string) => void) => this.data.push(listener);
  onExit = (listener: (exit: { exitCode: number }) => void) => this.exits.push(listener);
  resize(): void {}
  write(data: string): void {
    this.written.push(data);
  }
  kill(signal?: string): void {
    this.killed = signal;
    this.exit(137);
  }
  pause(): void {
    this.paused++;
  }
  resume(): void {}

  print(text: string): void {
    for (const listener of this.data) listener(text);
  }

  exit(exitCode: number): void {
    for (const listener of this.exits) listener({ exitCode });
  }

  connect(token = this.options.env['SCYTHE_CONTROL_TOKEN']): Socket {
    const socket = connect(this.options.env['SCYTHE_CONTROL']);
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    const ready = {
      event: 'ready',
      version: 1,
      token,
      process: 1,
      release: '6.12',
      tree: 'v6.12',
      patches: [],
      seed: 7,
    };
    socket.write(`${JSON.stringify(ready)}\n`);
    onTestFinished(() => void socket.destroy());
    return socket;
  }
}

function workbench(): { owner: Connection; vngs: FakeVng[]; open: (title?: string) => Promise<string> } {
  const vngs: FakeVng[] = [];
  const { area } = createGuests({
    program: { file: 'node', args: ['vng.js'] },
    folder: temporaryFolder(),
    stateDir: temporaryFolder(),
    spawn: (options) => {
      const vng = new FakeVng(options);
      vngs.push(vng);
      return Promise.resolve(vng);
    },
  });
  const service = serviceOf([area]);
  onTestFinished(() => service.dispose());
  const owner = service.connect('owner');
  const open = async (title = 'a guest') =>
    (await owner.call('guest/open', { args: ['-r', 'v6.12'], title, cols: 80, rows: 24 })).id;
  return { owner, vngs, open };
}

const shownTo = (owner: Connection, id: string): string[] => {
  const seen: string[] = [];
  owner.subscribe('guest/output', { id }, ({ data }) => seen.push(data));
  return seen;
};

test('who comes late sees the screen as it is, then what comes', async () => {
  const { owner, vngs, open } = workbench();
  const id = await open();
  expect(vngs[0].options).toMatchObject({ file: 'node', args: ['vng.js', '-r', 'v6.12'], cols: 80 });
  const early = shownTo(owner, id);
  vngs[0].print('one\r\n\x1b[31mtwo\x1b[0m');
  await expect.poll(() => early.join('')).toContain('two');
  const late = shownTo(owner, id);
  vngs[0].print('\r\nthree');
  await expect.poll(() => late.length).toBeGreaterThan(1);
  expect(late[0]).toContain('one');
  expect(late[0]).toContain('two');
  expect(late[0]).not.toContain('three');
  expect(late.slice(1).join('')).toBe('\r\nthree');
  await owner.call('guest/input', { id, data: 'ls\r' });
  expect(vngs[0].written).toEqual(['ls\r']);
});

test('a guest that prints faster than can be taken in is held', async () => {
  const { vngs, open } = workbench();
  await open();
  vngs[0].print('x'.repeat(200_000));
  expect(vngs[0].paused).toBe(1);
});

test('the control channel tells of states and reports, and takes commands', async () => {
  const { owner, vngs, open } = workbench();
  const id = await open();
  const events: unknown[] = [];
  owner.subscribe('guest/events', {}, (event) => events.push(event));
  const socket = vngs[0].connect();
  socket.on('data', (line: string) => {
    const { id: number, command } = JSON.parse(line) as { id: number; command: string };
    const ok = command !== 'resume';
    socket.write(
      `${JSON.stringify({ event: 'answer', id: number, ok, ...(ok ? {} : { error: 'not paused' }) })}\n`,
    );
  });
  socket.write(`${JSON.stringify({ event: 'console', state: 'idle', now: 5 })}\n`);
  socket.write(`${JSON.stringify({ event: 'report', title: 'BUG: x', at: 9, step: 3 })}\nno JSON\n`);
  await expect.poll(() => events).toContainEqual({ type: 'report', id, title: 'BUG: x', atNs: 9, step: 3 });
  const { guests } = await owner.call('guest/list', {});
  expect(guestInfo.safeParse(guests[0]).error).toBeUndefined();
  expect(guests[0]).toMatchObject({ state: 'idle', now: 5, command: 'vng -r v6.12' });
  await owner.call('guest/control', { id, action: 'pause' });
  await expect(owner.call('guest/control', { id, action: 'resume' })).rejects.toMatchObject({
    message: 'not paused',
  });
});

test('nobody else is heard on the control channel', async () => {
  const { owner, vngs, open } = workbench();
  const id = await open();
  const socket = vngs[0].connect('wrong');
  await new Promise((resolve) => socket.on('close', resolve));
  await expect(owner.call('guest/control', { id, action: 'pause' })).rejects.toBeInstanceOf(ServiceError);
});

test('restart, kill and close leave no process behind', async () => {
  const { owner, vngs, open } = workbench();
  const id = await open();
  await owner.call('guest/control', { id, action: 'restart' });
  expect(vngs).toHaveLength(2);
  expect(vngs[0].killed).toBe('SIGKILL');
  // What the old one says no longer counts.
  vngs[0].exit(1);
  expect((await owner.call('guest/list', {})).guests[0]).toMatchObject({ state: 'booting', exitCode: null });
  await owner.call('guest/control', { id, action: 'kill' });
  expect(vngs[1].killed).toBe('SIGKILL');
  expect((await owner.call('guest/list', {})).guests[0].state).toBe('exited');
  const other = await open();
  await owner.call('guest/close', { id: other });
  expect(vngs[2].killed).toBe('SIGKILL');
  expect((await owner.call('guest/list', {})).guests).toHaveLength(1);
});

test('what was shown is recorded as asciicast', async () => {
  const { owner, vngs, open } = workbench();
  const id = await open('my guest');
  vngs[0].print('hello');
  await owner.call('guest/resize', { id, cols: 100, rows: 30 });
  vngs[0].exit(0);
  const { text } = await owner.call('guest/record', { id, format: 'asciicast' });
  const [head, ...events] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(head).toMatchObject({ version: 2, width: 80, height: 24, title: 'my guest' });
  expect(events.map((event) => (event as unknown[]).slice(1))).toEqual([
    ['o', 'hello'],
    ['r', '100x30'],
  ]);
  expect((await owner.call('guest/list', {})).guests[0]).toMatchObject({ state: 'exited', exitCode: 0 });
});

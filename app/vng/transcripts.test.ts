import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildVng, PtyConsole, vngPath } from './testing/pty.ts';

/** The real program under a real pseudo terminal, as a user sees it. Few, as each is a process. */

// A machine that has much else to do takes its time; each wait has a limit of its own.
vi.setConfig({ testTimeout: 60_000 });

let folder = '';
const open: PtyConsole[] = [];

function start(...args: string[]): PtyConsole {
  const console = new PtyConsole(args, folder);
  open.push(console);
  return console;
}

/** The program with pipes. */
function script(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [vngPath(), ...args], {
    cwd: folder,
    encoding: 'utf8',
    input,
  });
  return { status, stdout, stderr };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vng-'));
  await buildVng();
}, 60_000);

afterEach(() => {
  for (const console of open.splice(0)) console.kill();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const REAP = 'echo $! | sudo tee /sys/kernel/debug/oom_reap_task';

describe('at a terminal', () => {
  test('boot, banner, the founding case on an unpatched RT kernel, Ctrl-D', async () => {
    const console = start('--run', 'v6.12', '--record', 'typed.yaml', '--asciicast', 'typed.cast');
    await console.prompt();
    expect(console.screen()).toContain('\n   kernel version: 6.12.117 x86_64\n   (CTRL+d to exit)\n\n');
    console.line('./simple_kvm &');
    await console.sees(/simple_kvm: vm ready pid=\d+/);
    console.line(REAP);
    await console.prompt();
    console.line('dmesg | grep -A 4 BUG');
    await console.sees(/preempt_count: 0, expected: 0[^]*# $/);
    expect(console.screen()).toMatch(
      /BUG: sleeping function called from invalid context at kernel\/locking\/spinlock_rt\.c:48\n.*in_atomic\(\): 0, irqs_disabled\(\): 0, non_block: 1, pid: \d+, name: \w+\n/,
    );
    console.type('\x04');
    expect(await console.exit()).toBe(0);
    expect(readFileSync(join(folder, 'typed.yaml'), 'utf8')).toContain('    ./simple_kvm &\n');
    const [header, ...events] = readFileSync(join(folder, 'typed.cast'), 'utf8').trim().split('\n');
    expect(JSON.parse(header)).toMatchObject({ version: 2, width: 100, height: 30 });
    const cast = events.map((line) => JSON.parse(line) as [number, string, string]);
    expect(cast.every(([time, kind], i) => kind === 'o' && time >= (cast[i - 1]?.[0] ?? 0))).toBe(true);
    expect(cast.map(([, , text]) => text).join('')).toContain('kernel version: 6.12.117');
  });

  test('with the v2 patch there is no report; the window is resized; Ctrl-A x', async () => {
    const console = start('-r', 'v6.12', '--patch', 'mmu-notifier-async-oom-v2');
    await console.prompt();
    console.line('./simple_kvm &');
    await console.sees(/vm ready/);
    console.line(REAP);
    await console.prompt();
    console.line('dmesg | grep -c BUG; dmesg | tail -n 1');
    await console.sees(/\n0\n.*oom_reap_task: pid \d+ reaped=1/);
    console.resize(33, 111);
    // The shell hears of the new size by a signal; until then it shows the old one.
    await console.repeats('stty size', /33 111/);
    console.type('\x01x');
    await console.sees(/vng: guest stopped by Ctrl-A x/);
    expect(await console.exit()).toBe(0);
  });

  test('Ctrl-C during a hung write leaves the terminal alive; SIGTERM says what hangs', async () => {
    const console = start('-r', 'v6.12', '--patch', 'oom-enter-sync-unregister');
    await console.prompt();
    console.line('./simple_kvm &');
    await console.sees(/vm ready/);
    console.line('echo $! > /sys/kernel/debug/oom_reap_task');
    await console.sees(/echo .*oom_reap_task/);
    console.type('\x01c');
    await console.repeats('info tasks', /bash \(63\) D in \w+/);
    console.type('\x01c\x03');
    await console.sees(/\^C/);
    console.signal('SIGTERM');
    await console.sees(/vng: ended by SIGTERM at \d+\.\d+ s of guest time; the guest was at:/);
    expect(await console.exit()).toBe(143);
  });

  test('a panic stays on the screen until Ctrl-A x', async () => {
    const console = start('-r', 'v6.12');
    await console.prompt();
    console.line('echo c > /proc/sysrq-trigger');
    await console.sees(/end Kernel panic - not syncing: sysrq triggered crash/);
    console.line('echo still there');
    await console.sees(/Ctrl-A x leaves/);
    expect(console.exited).toBe(false);
    console.type('\x01x');
    expect(await console.exit()).toBe(0);
  });
});

test('a guest whose owner is gone leaves no process behind', async () => {
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\vng-${process.pid}` : join(folder, 'control');
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      heard.push(...chunk.trim().split('\n'));
      // The owner dies as soon as the guest is there.
      socket.destroy();
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((done) => server.listen(path, done));
  const console = new PtyConsole(['-r', 'v6.12'], folder, {
    SCYTHE_CONTROL: path,
    SCYTHE_CONTROL_TOKEN: 'secret',
  });
  open.push(console);
  await console.sees(/vng: the control channel is lost/);
  expect(await console.exit()).toBe(1);
  server.close();
  expect(JSON.parse(heard[0])).toMatchObject({ event: 'ready', token: 'secret', tree: 'v6.12' });
});

describe('with pipes', () => {
  test('the three streams and the status are those of the script', () => {
    const command = 'wc -l; echo to stderr >&2; exit 7';
    expect(script(['-r', 'v6.12', '--', command], 'one\ntwo\n')).toEqual({
      status: 7,
      stdout: '2\n',
      stderr: 'to stderr\n',
    });
  });

  test('bytes that are no text come through, and UTF-8 is text', () => {
    const bytes = Buffer.concat([
      Buffer.from([0, 0x80, 0xc3, 0xff, 0xed, 0xa0, 0x80]),
      Buffer.from('é💀'.repeat(900)),
    ]);
    const command = ['-r', 'v6.12', '--', 'cat > f; wc -c f; cat f'];
    const { stdout } = spawnSync(process.execPath, [vngPath(), ...command], { cwd: folder, input: bytes });
    expect(stdout).toEqual(Buffer.concat([Buffer.from('5407 f\n'), bytes]));
  });

  test('with -v the log of the kernel goes to standard error, and a panic is 255', () => {
    const run = script(['-vr', 'v6.12', '-e', 'echo out; echo c > /proc/sysrq-trigger']);
    expect(run).toMatchObject({ status: 255, stdout: 'out\n' });
    expect(run.stderr).toMatch(/^\[ {4}0\.000000\] Linux version 6\.12\.117/);
    expect(run.stderr).toContain('virtme-ng-init: starting script');
    expect(run.stderr).toMatch(
      /Kernel panic - not syncing: sysrq triggered crash[^]*Kernel Offset: disabled\n$/,
    );
  });

  test('--build writes a .config that is booted', () => {
    expect(script([]).stderr).toContain('try --build to build the kernel');
    const built = script([
      '-vb',
      '-c',
      'v6.12',
      '--configitem',
      'CONFIG_PREEMPT_RT=y',
      '--configitem',
      'KASAN=y',
    ]);
    expect(built).toMatchObject({ status: 0, stderr: '' });
    expect(built.stdout).toContain("Configured.  Build with 'make ARCH=x86 -j");
    expect(readFileSync(join(folder, '.config'), 'utf8')).toContain('CONFIG_PREEMPT_RT=y\n');
    const run = script(['--', 'uname -rv | cut -d " " -f 1-4']);
    expect(run).toEqual({ status: 0, stdout: '6.12.117-virtme #1 SMP PREEMPT_RT\n', stderr: '' });
  });
});

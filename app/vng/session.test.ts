import { describe, expect, test } from 'vitest';
import { plain, planFor, TestConsole } from './testing/console.ts';

describe('a session', () => {
  test('begins with the banner and a prompt', async () => {
    const console = await TestConsole.open();
    expect(console.shown).toContain('   kernel version: 6.12.117 x86_64\r\n   (CTRL+d to exit)\r\n');
    expect(console.shown).toMatch(/# $/);
    expect(console.session.state).toBe('idle');
  });

  test('costs nothing while nobody does anything', async () => {
    const console = await TestConsole.open();
    const before = console.clock.callbacks;
    console.clock.pass(60_000);
    expect(console.clock.callbacks - before).toBeLessThan(5);
    expect(console.session.guest.now).toBeLessThan(2e9);
    // The clock goes all the same, as somebody who looks can see.
    expect(console.line('cat /proc/uptime')).toMatch(/\n6[01]\.\d\d /);
  });

  test('goes at the speed that it was asked for', async () => {
    const slow = await TestConsole.open({ factor: 0.5 });
    expect(slow.line('sleep 1; echo woken', 1_500)).not.toContain('\nwoken');
    expect(slow.type('', 700)).toContain('woken');
    const unbridled = await TestConsole.open({ factor: 0 });
    expect(unbridled.line('sleep 100; echo woken', 0)).toContain('\nwoken');
  });

  test('is the same run however it is cut into slices', async () => {
    const transcript = async (most: number) => {
      const console = await TestConsole.open();
      for (const line of [
        './simple_kvm & sleep 0.1',
        'echo $! > /sys/kernel/debug/oom_reap_task',
        'dmesg | tail -n 3',
      ]) {
        console.session.type(`${line}\r`);
        // Time passes in one go, or in many small ones.
        for (let passed = 0; passed < 400; passed += most) console.clock.pass(most);
      }
      return `${console.session.guest.machine.steps} ${console.shown}`;
    };
    expect(await transcript(400)).toBe(await transcript(4));
  });

  test('ends with its shell', async () => {
    const console = await TestConsole.open();
    console.type('\x04');
    expect(console.code).toBe(0);
    expect(console.session.state).toBe('exited');
  });

  test('waits for a terminal that does not keep up, and loses nothing', async () => {
    const console = await TestConsole.open();
    console.full = true;
    console.session.type('seq 1 200\r');
    console.clock.pass(5_000);
    expect(console.shown).not.toContain('200\r\n');
    console.full = false;
    console.session.wake();
    console.clock.pass(2_000);
    const numbers = plain(console.shown)
      .split('\n')
      .filter((line) => /^\d+$/.test(line));
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => `${i + 1}`));
  });
});

describe('Ctrl-A', () => {
  test('x ends it at once', async () => {
    const console = await TestConsole.open();
    expect(console.type('\x01x')).toContain('vng: guest stopped by Ctrl-A x');
    expect(console.code).toBe(0);
  });

  test('h helps, Ctrl-A sends itself', async () => {
    const console = await TestConsole.open();
    expect(console.type('\x01h')).toContain('C-a x    exit emulator');
    expect(console.session.engine.injections).toEqual([]);
    console.type('\x01\x01');
    expect(console.session.engine.injections).toMatchObject([{ what: '\x01' }]);
  });

  test('c opens the monitor, and leaves it', async () => {
    const console = await TestConsole.open();
    expect(console.type('\x01c')).toContain('(qemu) ');
    expect(console.line('info status')).toContain('VM status: running');
    expect(console.line('stop\rinfo status')).toContain('VM status: paused');
    expect(console.line('info cpus')).toContain('* CPU #0:');
    expect(console.line('info tasks')).toMatch(/bash \(63\) S/);
    expect(console.line('frob')).toContain("unknown command: 'frob'");
    expect(console.line('help')).toContain('system_reset  -- ');
    console.line('cont');
    console.type('\x01c');
    expect(console.line('echo back')).toContain('\nback\n');
    console.type('\x01c');
    expect(console.line('q')).not.toBe('');
    expect(console.code).toBe(0);
  });

  test('is nothing special without a monitor', async () => {
    const console = await TestConsole.open({ escapes: false });
    console.type('\x01x');
    expect(console.code).toBeNull();
  });

  test('system_reset boots the same kernel again', async () => {
    const console = await TestConsole.open();
    console.line('touch /tmp/gone');
    console.type('\x01c');
    const shown = console.line('system_reset', 500);
    expect(shown).toContain('kernel version: 6.12.117');
    console.type('\x01c');
    expect(console.line('ls /tmp')).not.toContain('\ngone');
  });
});

describe('a panic', () => {
  const crash = 'echo c > /proc/sysrq-trigger';

  test('stays on the screen until the user leaves', async () => {
    const console = await TestConsole.open();
    expect(console.line(crash, 2_000)).toContain('Kernel panic - not syncing: sysrq triggered crash');
    expect(console.session.state).toBe('panic');
    expect(console.line('uname')).toBe('');
    expect(console.code).toBeNull();
    console.type('\x01x');
    expect(console.code).toBe(0);
  });

  test('boots again after the seconds of panic=', async () => {
    const console = await TestConsole.open({ plan: planFor({ append: ['panic=5'] }) });
    expect(console.line(crash, 1_000)).toContain('Rebooting in 5 seconds..');
    expect(console.type('', 3_000)).toBe('');
    expect(console.type('', 2_000)).toContain('kernel version: 6.12.117');
    expect(console.line('echo alive')).toContain('\nalive\n');
  });
});

describe("the kernel's console", () => {
  test('is quiet: a splat is in dmesg only', async () => {
    const console = await TestConsole.open();
    const shown = console.line('./simple_kvm & sleep 0.1; echo $! > /sys/kernel/debug/oom_reap_task', 500);
    expect(shown).not.toContain('BUG: sleeping');
    expect(console.line('dmesg')).toContain('BUG: sleeping function called from invalid context');
  });

  test('shows what dmesg -n lets through', async () => {
    const console = await TestConsole.open();
    console.line('dmesg -n 8');
    const shown = console.line('./simple_kvm & sleep 0.1; echo $! > /sys/kernel/debug/oom_reap_task', 500);
    expect(shown).toContain('BUG: sleeping function called from invalid context');
  });

  test('has a log of 10 000 lines that is shown without a gap', async () => {
    const console = await TestConsole.open();
    const { kernel } = console.session.guest;
    kernel.machine.inside(() => {
      for (let i = 0; i < 10_000; i++) kernel.log.print(6, `line ${i}`);
    });
    const shown = console.line('dmesg', 2_000);
    const numbers = [...shown.matchAll(/\] line (\d+)\n/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  });

  test('shows it with -v', async () => {
    const console = await TestConsole.open({ commandLine: ['loglevel=7'] });
    expect(console.shown).toMatch(/^\[ {4}0\.000000\] Linux version 6\.12\.117/);
    expect(console.shown).toContain('virtme-ng-init: initialization done');
    const shown = console.line('./simple_kvm & sleep 0.1; echo $! > /sys/kernel/debug/oom_reap_task', 500);
    expect(shown).toContain('BUG: sleeping function called from invalid context');
  });
});

test('a hung write does not freeze the terminal, and is told as blocked', async () => {
  const console = await TestConsole.open({ plan: planFor({ patch: 'oom-enter-sync-unregister' }) });
  console.line('./simple_kvm & sleep 0.1', 500);
  console.line('echo $! > /sys/kernel/debug/oom_reap_task', 1_000);
  expect(console.session.state).toBe('blocked');
  expect(console.session.describe().join('\n')).toMatch(/bash \(63\) D in \w+.*, waits for/);
  // Ctrl-C reaches nobody in state D, but the terminal lives.
  expect(console.type('\x03')).toContain('^C');
  expect(console.type('\x01c')).toContain('(qemu) ');
  console.type('\x01c');
  console.clock.pass(250_000);
  expect(console.session.guest.kernel.log.lines.map(({ text }) => text).join('\n')).toMatch(
    /INFO: task bash:63 blocked for more than 1\d\d seconds/,
  );
});

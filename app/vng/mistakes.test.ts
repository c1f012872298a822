import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from './main.ts';
import { FakeHost } from './testing/fake-host.ts';
import { TestConsole } from './testing/console.ts';

/** Mistakes that people make, and what they are told. */

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vng-'));
  writeFileSync(join(folder, 'broken.yaml'), 'scythe: 1\ntitle: x\nguest: {}\nkernl: {}\n');
  writeFileSync(join(folder, 'typo.config'), 'CONFIG_KASN=y\nwhat is this\nCONFIG_KASAN=maybe\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Arguments (blanks separate), exit code, a part of what is said. */
const onTheHost: readonly (readonly [argv: string, code: number, said: string])[] = [
  ['--bogus', 2, 'vng: error: unrecognized arguments: --bogus'],
  ['--bogus -Z', 2, 'vng: error: unrecognized arguments: --bogus -Z'],
  ['--cpus', 2, 'vng: error: argument --cpus/-p: expected one argument'],
  ['--cpus four', 2, "vng: error: argument --cpus/-p: invalid int value: 'four'"],
  ['--cpus 0', 2, '0 CPUs cannot be; the model has 1 to 64'],
  ['--memory lots', 2, "vng: error: argument --memory/-m: invalid size: 'lots'"],
  ['--run --build', 2, 'vng: error: argument --build/-b: not allowed with argument --run/-r'],
  ['-x --mcp', 2, 'vng: error: argument --mcp: not allowed with argument --clean/-x'],
  ['--no', 2, 'ambiguous option: --no could match --no-dhcp, --no-root-posix-acl, --no-virtme-ng-init'],
  ['--verbose=2', 2, "vng: error: argument --verbose/-v: ignored explicit argument '2'"],
  ['-vZ', 2, "vng: error: argument --verbose/-v: ignored explicit argument 'Z'"],
  ['--realtime fast', 2, "argument --realtime: invalid factor: 'fast'"],
  ['--seed x', 2, "vng: error: argument --seed: invalid int value: 'x'"],
  ['', 1, '/arch/x86/boot/bzImage does not exist, try --build to build the kernel'],
  ['-r nowhere', 1, 'nowhere does not exist'],
  ['-r v6.13', 1, 'v6.13: there is no modelled kernel of this version; the nearest is v6.12'],
  ['-r v2.6', 1, 'v2.6: there is no modelled kernel of this version; the nearest is v4.13'],
  ['-e a -- b', 1, '--exec and positional arguments are mutually exclusive'],
  ['-g --fb', 1, '--graphics and --fb are mutually exclusive'],
  ['--numa-distance 0,1=20', 1, 'error: --numa-distance can be used only with --numa'],
  [
    '--numa 1G --numa-distance far',
    1,
    "error: invalid distance 'far', NUMA distance string must be in the format SRC,DST=VAL",
  ],
  ['--net wifi', 1, "--net: invalid choice: 'wifi' (choose from user, bridge(=<br>), loop)"],
  ['--arch vax', 1, 'unsupported architecture (vax), available: amd64 arm64 armhf ppc64el s390x riscv64'],
  ['--arch arm64', 1, '--arch used without --root'],
  ['--arch arm64 --root x', 1, '--arch arm64: the modelled machine is x86-64'],
  ['--console --ssh', 1, '--console cannot be used with --ssh'],
  ['--console-client --ssh-client', 1, '--console-client cannot be used with --ssh-client'],
  ['--dump core', 1, 'vng: --dump: a modelled machine has no memory image'],
  ['--gdb', 1, 'vng: --gdb: a modelled machine has no gdb stub'],
  ['--mcp', 1, 'vng: --mcp: Scythe has no MCP server'],
  ['-r v6.12 --patch nonsense', 1, 'unknown patch "nonsense"'],
  ['-r v4.13 --patch mmu-notifier-async-oom-v2', 1, 'does not apply to v4.13 (it fits:'],
  ['-r v6.12 -a "open --dry-run', 1, 'the quotation " is not closed'],
  ['--scenario nowhere.yaml', 1, 'nowhere.yaml cannot be read: there is no such file'],
  ['--scenario FOLDER/broken.yaml', 2, 'broken.yaml:4:1: unknown key "kernl"; did you mean "kernel"?'],
  ['-k -f nowhere.config', 1, 'nowhere.config cannot be read: there is no such file'],
  ['-k -f FOLDER/typo.config', 0, 'typo.config:1:warning: unknown symbol: KASN'],
  ['-k -f FOLDER/typo.config', 0, 'typo.config:2:warning: unexpected data: what is this'],
  ['-k -f FOLDER/typo.config', 0, "typo.config:3:warning: symbol value 'maybe' invalid for KASAN"],
  ['-k --configitem PREEMPT_RT', 1, '--configitem PREEMPT_RT: write ITEM=VAL'],
  ['-k --configitem PROVE_RCU=y', 0, 'Value requested for CONFIG_PROVE_RCU not in final .config'],
  ['-k --configitem KASAN=y --configitem KASAN=n', 0, 'override: reassigning to symbol KASAN'],
  ['-b -c v6.13', 1, 'v6.13: there is no modelled kernel of this version'],
  ['-k -c v6.12', 1, '--commit is only for --build'],
  ['--completion fish', 1, '--completion fish: only bash is known'],
];

describe('on the host', () => {
  test.each(onTheHost)('vng %s', async (line, code, said) => {
    const argv = line === '' ? [] : line.split(' ').map((word) => word.replace('FOLDER', folder));
    const host = new FakeHost(folder);
    expect(await main(argv, host)).toBe(code);
    expect(host.stderr).toContain(said);
  });

  test('what a modelled machine cannot have is said, and the rest is done', async () => {
    const host = new FakeHost(folder);
    const argv = ['-r', 'v6.12', '--disk', 'a.img', '--rw', '--net', 'user', '--sound', '--dry-run'];
    expect(await main(argv, host)).toBe(0);
    expect(host.stderr.split('\n')).toEqual([
      'vng: --sound: the modelled machine has no audio device',
      'vng: --disk: the modelled machine has no disks',
      'vng: --network: the modelled machine has no network',
      "vng: --rw: the guest has files of its own, in memory; it never reaches the host's",
      '',
    ]);
    expect(host.stdout).toMatch(/^qemu-system-x86_64 -name virtme-ng -m 1024M .* -append '.*'\n$/);
  });
});

/** What is typed in the guest, and a part of what it answers. */
const inTheGuest: readonly (readonly [line: string, said: string | RegExp])[] = [
  ['nosuch', 'bash: nosuch: command not found'],
  ['./nosuch', 'bash: ./nosuch: No such file or directory'],
  ['cd /nowhere', 'bash: cd: /nowhere: No such file or directory'],
  ['cat /nowhere', 'cat: /nowhere: No such file or directory'],
  ['cat /proc', 'cat: /proc: Is a directory'],
  ['cat /proc/4711/status', 'cat: /proc/4711/status: No such file or directory'],
  ['echo x > /proc/version', /Permission denied|Input\/output error|Invalid argument/],
  ['echo x > /nowhere/file', 'bash: /nowhere/file: No such file or directory'],
  ['echo nonsense > /sys/kernel/debug/oom_reap_task', 'Invalid argument'],
  ['echo 4711 > /sys/kernel/debug/oom_reap_task', 'No such process'],
  ['kill -9 4711', 'No such process'],
  ['kill -FOO 1', /invalid signal specification/],
  ['kill', /usage/],
  ['fg', 'bash: fg: current: no such job'],
  ['wait 4711', 'pid 4711 is not a child of this shell'],
  ['sleep soon', "sleep: invalid time interval 'soon'"],
  ['sleep', 'sleep: missing operand'],
  ['./simple_kvm --bogus', /simple_kvm: .*bogus/],
  ['memhog -m much', /memhog: .*much/],
  ['grep', /usage|Usage/i],
  ['if true', /^(?!.*command not found)/s],
];

describe('in the guest', () => {
  test.each(inTheGuest)('%s', async (line, said) => {
    const console = await TestConsole.open();
    const shown = console.line(line, 200).replace(/^.*\n/, '');
    if (typeof said === 'string') expect(shown).toContain(said);
    else expect(shown).toMatch(said);
    // Whatever was wrong, the shell goes on.
    console.type('\x03');
    expect(console.line('echo alive $((40 + 2))')).toContain('alive 42');
  });
});

test('these are the sixty mistakes', () => {
  expect(onTheHost.length + inTheGuest.length).toBeGreaterThanOrEqual(60);
});

import { ns } from '../base/brand.ts';
import { linuxBanner } from '../kernel/fs/proc/banner.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { KERN } from '../kernel/log.ts';

interface BootFacts {
  readonly commandLine: readonly string[];
  /** Bytes. */
  readonly memory: number;
  readonly interactive: boolean;
  readonly hostname: string;
  /** What is wrong with the user that was asked for. */
  readonly complaint: string | null;
  /** Virtual time at which user land starts. */
  readonly until: number;
}

/**
 * What a kernel of this configuration says while it boots, in the words of the real one, then virtme-ng's init. The
 * model has no boot code that could take time: the lines are spread over the time that the boot is given.
 */
export function printBootLog(kernel: Kernel, facts: BootFacts): void {
  const { machine, log } = kernel;
  machine.inside(() => {
    const lines = [...kernelLines(kernel, facts), ...initLines(facts)];
    lines.forEach(([level, text], i) => {
      // The first lines of a real boot come before there is a clock.
      const share = Math.max(0, i - EARLY) / (lines.length - EARLY);
      machine.now = ns(Math.max(machine.now, Math.floor(facts.until * share)));
      log.print(level, text);
    });
  });
}

type Line = readonly [level: number, text: string];

const EARLY = 6;
const info = (text: string): Line => [KERN.INFO, text];

function kernelLines({ cpus, config }: Kernel, { commandLine, memory }: BootFacts): Line[] {
  const line = commandLine.join(' ');
  const kilobytes = Math.floor(memory / 1024);
  const rcu = config.PREEMPT_RCU ? 'Preemptible' : 'Hierarchical';
  const every = config.HZ === 1000 ? 1_000_000 : 1_000_000_000 / config.HZ;
  return [
    [KERN.NOTICE, linuxBanner()],
    info(`Command line: ${line}`),
    info('BIOS-provided physical RAM map:'),
    info('BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable'),
    info(`BIOS-e820: [mem 0x0000000000100000-0x${(memory - 1).toString(16).padStart(16, '0')}] usable`),
    info('NX (Execute Disable) protection: active'),
    info('Hypervisor detected: KVM'),
    info(`smpboot: Allowing ${cpus} CPUs, 0 hotplug CPUs`),
    [KERN.NOTICE, `Kernel command line: ${line}`],
    info(`Memory: ${Math.floor(kilobytes * 0.93)}K/${kilobytes}K available`),
    ...(config.KASAN ? [info('kasan: KernelAddressSanitizer initialized (generic)')] : []),
    info(`rcu: ${rcu} hierarchical RCU implementation.`),
    ...(config.PROVE_RCU ? [info('rcu: \tRCU lockdep checking is enabled.')] : []),
    info(`rcu: RCU calculated value of scheduler-enlistment delay is ${config.HZ / 10} jiffies.`),
    ...(config.PROVE_LOCKING
      ? [info('Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar')]
      : []),
    ...(config.KCSAN ? [info('kcsan: enabled early')] : []),
    info(`printk: legacy console [hvc0] enabled`),
    info(`clocksource: jiffies: freq: 0, mask: 0xffffffff max_cycles: 0xffffffff, period: ${every} ns`),
    ...(cpus > 1 ? [info('smp: Bringing up secondary CPUs ...')] : []),
    info(`smp: Brought up 1 node, ${cpus} CPU${cpus > 1 ? 's' : ''}`),
    ...(config.KVM
      ? [info('kvm_amd: Nested Virtualization enabled'), info('kvm_amd: Nested Paging enabled')]
      : []),
    info('Run /usr/lib/virtme-ng/virtme-ng-init as init process'),
  ];
}

function initLines({ interactive, hostname, complaint }: BootFacts): Line[] {
  const said = [
    `Setting hostname to ${hostname}...`,
    'running systemd-tmpfiles',
    'basic initialization done',
    'triggering udev coldplug',
    'waiting for udev to settle',
    'udev is done',
    ...(complaint === null ? [] : [complaint]),
    interactive ? 'initialization done' : 'starting script',
  ];
  return said.map((text) => info(`virtme-ng-init: ${text}`));
}

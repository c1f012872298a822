import { join } from 'node:path';
import type { Arguments } from './arguments.ts';
import type { KernelPlan } from './kernel-plan.ts';
import { quoteWord } from './shell-words.ts';

/**
 * The QEMU command that a real vng would start for this command line, so that a session can be taken to real
 * hardware. The kernel's own options (tree, patches, configuration) are not part of it: that kernel has to be built.
 */
export function qemuLine(
  args: Arguments,
  plan: KernelPlan,
  commandLine: readonly string[],
  cwd: string,
): string {
  const megabytes = Math.floor(plan.memory / (1024 * 1024));
  const microvm =
    !args.has('disable_microvm') && !args.has('disable_kvm') && !args.has('numa') && !args.has('debug');
  const accel = args.has('disable_kvm') ? ['-accel', 'tcg', '-cpu', 'max'] : ['-cpu', 'host'];
  const machine = microvm
    ? ['-machine', 'accel=kvm:tcg', '-M', 'microvm,accel=kvm,pcie=on,rtc=on']
    : ['-machine', 'accel=kvm:tcg'];
  const monitor = args.has('disable_monitor') ? [] : ['-mon', 'chardev=console'];
  const words = [
    ...['qemu-system-x86_64', '-name', args.text('name') ?? 'virtme-ng', '-m', `${megabytes}M`],
    ...['-chardev', 'socket,id=charvirtfs5,path=/tmp/virtmeROOTFS.sock'],
    ...['-device', 'vhost-user-fs-device,chardev=charvirtfs5,tag=ROOTFS'],
    ...['-object', `memory-backend-memfd,id=mem,size=${megabytes}M,share=on`, '-numa', 'node,memdev=mem'],
    ...machine,
    ...accel,
    ...['-parallel', 'none', '-net', 'none'],
    ...(args.command === null ? [] : ['-no-reboot']),
    ...['-smp', `${plan.cpus}`],
    ...['-chardev', 'stdio,id=console,signal=off,mux=on', '-serial', 'chardev:console', ...monitor],
    ...['-device', 'virtio-serial-device', '-device', 'virtconsole,chardev=console'],
    ...['-vga', 'none', '-display', 'none'],
    ...['-kernel', args.text('run') ?? join(args.folder ?? cwd, 'arch/x86/boot/bzImage')],
    ...['-append', commandLine.join(' ')],
    ...args.list('qemu_opts'),
  ];
  return `${words.map(quoteWord).join(' ')}\n`;
}

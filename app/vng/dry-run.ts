import type { Arguments } from './arguments.ts';
import { kernelCommandLine } from './command-line.ts';
import { guestUser } from './guest-user.ts';
import type { Host } from './host.ts';
import type { KernelPlan } from './kernel-plan.ts';
import { qemuLine } from './qemu-line.ts';

/** What `vng --dry-run` prints. */
export function dryRun(args: Arguments, plan: KernelPlan, host: Host): string {
  const screen = args.command === null ? { rows: 24, cols: host.columns } : null;
  const session = {
    screen,
    user: args.text('user') ?? guestUser(args, host).name,
    cwd: args.text('cwd') ?? host.cwd,
  };
  return qemuLine(args, plan, kernelCommandLine(args, plan, session), host.cwd);
}

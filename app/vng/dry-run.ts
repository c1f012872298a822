import type { Arguments } from './arguments.ts';
import { kernelCommandLine } from './command-line.ts';
import type { Host } from './host.ts';
import type { KernelPlan } from './kernel-plan.ts';
import { qemuLine } from './qemu-line.ts';

/** What `vng --dry-run` prints. */
export function dryRun(args: Arguments, plan: KernelPlan, host: Host): string {
  const screen = args.command === null ? { rows: 24, cols: host.columns } : null;
  const user = args.text('user') ?? (screen === null ? 'root' : host.user);
  const session = { screen, user, cwd: args.text('cwd') ?? host.cwd };
  return qemuLine(args, plan, kernelCommandLine(args, plan, session), host.cwd);
}

import type { Arguments } from './arguments.ts';
import type { Host } from './host.ts';

/** Who works in the guest. */
export interface GuestUser {
  readonly name: string;
  /** What virtme-ng's init says about it; null if all is well. */
  readonly complaint: string | null;
}

/** Scripts run as root, sessions as who has called `vng`, unless told otherwise; nobody whom the host does not know. */
export function guestUser(args: Arguments, host: Host): GuestUser {
  const wanted = args.text('user') ?? (args.command === null ? host.user : 'root');
  if (host.hasUser(wanted)) return { name: wanted, complaint: null };
  return { name: 'root', complaint: `user ${wanted} does not exist, root is taken instead` };
}

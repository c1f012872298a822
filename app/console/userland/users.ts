import { kernelGlobal } from '../../kernel/globals.ts';

/** The id of the user who logs in, if that is not root. */
export const FIRST_USER = 1000;

/** The users that the guest knows, by name: what /etc/passwd is for. */
export const users = kernelGlobal('scythe_users', () => new Map([['root', 0]]));

export const homeOf = (user: string): string => (user === 'root' ? '/root' : `/home/${user}`);

/** What a change of user does to an environment. */
export function environmentOf(
  user: string,
  before: ReadonlyMap<string, string>,
  changes: readonly (readonly [string, string])[] = [],
): ReadonlyMap<string, string> {
  return new Map([...before, ['HOME', homeOf(user)], ['LOGNAME', user], ['USER', user], ...changes]);
}

import type { VngProgram } from '../../app/service/guests/guest.ts';

/** The first word of a command line that asks for a guest's console in place of the workbench. */
const GUEST = '--guest-console';

/**
 * How an installed workbench starts `vng`: as itself. Its Electron does not run as Node for anybody (a fuse), so it
 * is told by the command line to be a guest. Nothing behind `--` is taken for a switch of Chromium.
 */
export function installedVng(execPath: string): VngProgram {
  return { file: execPath, args: [GUEST, '--'] };
}

/** The arguments for `vng`, if this process was started to be a guest; else null. */
export function guestArguments(argv: readonly string[]): string[] | null {
  return argv[1] === GUEST && argv[2] === '--' ? argv.slice(3) : null;
}

import { VERSION } from '../base/version.ts';
import type { ScriptParser } from '../console/guest.ts';

/** What the monitor calls itself. */
export const SCYTHE = `Scythe ${VERSION}`;

/**
 * Loads the parser of the shell, which takes longer than the boot of a guest: after the prompt, or while a script's
 * guest boots.
 */
export async function loadParser(): Promise<ScriptParser> {
  const { parseScript } = await import('../console/shell/parse.ts');
  return parseScript;
}

import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { pathSchema } from '../../app/service/contract/workspace.ts';
import type { TopicEvent } from '../../app/service/contract/contract.ts';

type Opened = TopicEvent<'window/opened'>;

/** The scheme of links to Scythe: `scythe://open?path=bundled/kvm-oom/reap.yaml`. */
export const LINK_SCHEME = 'scythe';

const KNOWN = new Set(['.yaml', '.replay', '.txt', '.json', '.trace']);
const LARGEST_BYTES = 64 * 1024 * 1024;

/** What of a command line was meant to be opened: files and links, no options. */
export function openedOf(argv: readonly string[]): string[] {
  return argv.filter((word) => word.startsWith(`${LINK_SCHEME}://`) || KNOWN.has(extname(word)));
}

/** Reads what was opened. Links and files are from strangers: they are shown, never run. */
export async function read(what: string): Promise<Opened> {
  if (what.startsWith(`${LINK_SCHEME}://`)) return linkOf(what);
  try {
    const { size } = await stat(what);
    if (size > LARGEST_BYTES) return problem(`${what} is larger than 64 MB: cut out the part that matters`);
    return { kind: 'file', name: basename(what), text: await readFile(what, 'utf8') };
  } catch (error) {
    return problem(`cannot read ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function linkOf(link: string): Opened {
  const url = URL.canParse(link) ? new URL(link) : null;
  const path = pathSchema.safeParse(url?.host === 'open' ? url.searchParams.get('path') : null);
  if (!path.success) return problem(`not a link to a scenario: ${link.slice(0, 200)}`);
  return { kind: 'path', path: path.data };
}

function problem(message: string): Opened {
  return { kind: 'problem', message };
}

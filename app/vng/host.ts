import { readFileSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { VngFailure } from './failure.ts';

/** What `vng` needs of the computer that it runs on, apart from the terminal of a session. */
export interface Host {
  readonly cwd: string;
  readonly cpus: number;
  readonly outIsTerminal: boolean;
  readonly columns: number;
  readonly user: string;
  /** Is there such a user? The guest of a real vng has those of its host. */
  hasUser(name: string): boolean;
  out(text: string): void;
  err(text: string): void;
  /** All of standard input, at most so many bytes. */
  readStdin(most: number): string;
}

/** The process that runs. */
export function processHost(): Host {
  const user = process.env['USER'] ?? 'root';
  return {
    cwd: process.cwd(),
    cpus: availableParallelism(),
    outIsTerminal: process.stdout.isTTY,
    columns: Number(process.env['COLUMNS']) || process.stdout.columns || 80,
    user,
    hasUser: (name) => name === 'root' || name === user || usersOfHost().includes(name),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    readStdin,
  };
}

/** By their names in the host's own list; none where there is no such file. */
function usersOfHost(): string[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.slice(0, Math.max(0, line.indexOf(':'))));
  } catch {
    return [];
  }
}

function readStdin(most: number): string {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.alloc(64 * 1024);
    const read = readSync(0, chunk);
    if (read === 0) return Buffer.concat(chunks).toString('utf8');
    size += read;
    if (size > most) throw new VngFailure(`standard input is larger than ${most} bytes`);
    chunks.push(chunk.subarray(0, read));
  }
}

import { readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { VngFailure } from './failure.ts';

/** What `vng` needs of the computer that it runs on, apart from the terminal of a session. */
export interface Host {
  readonly cwd: string;
  readonly cpus: number;
  readonly outIsTerminal: boolean;
  readonly columns: number;
  readonly user: string;
  out(text: string): void;
  err(text: string): void;
  /** All of standard input, at most so many bytes. */
  readStdin(most: number): string;
}

/** The process that runs. */
export function processHost(): Host {
  return {
    cwd: process.cwd(),
    cpus: availableParallelism(),
    outIsTerminal: process.stdout.isTTY,
    columns: Number(process.env['COLUMNS']) || process.stdout.columns || 80,
    user: process.env['USER'] ?? 'root',
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    readStdin,
  };
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

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { vi } from 'vitest';
import { main } from '../command-line.ts';
import { printTo } from '../files.ts';

export const root = resolve(import.meta.dirname, '../../..');

/** What a user sees of a command. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command as a user would: `builtPrograms` comes before. */
export function spawnScythe(...args: string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['build/bin/scythe.js', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '1' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout, stderr };
}

/** The same command line in this process: it starts at once. One at a time, and with no threads. */
export async function scythe(...args: string[]): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  const toStdout = (text: unknown) => ((stdout += String(text)), true);
  const toStderr = (text: unknown) => ((stderr += String(text)), true);
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(toStdout),
    vi.spyOn(process.stderr, 'write').mockImplementation(toStderr),
  ];
  const restore = printTo(toStdout);
  try {
    return { status: await main(args), stdout, stderr };
  } finally {
    restore();
    for (const spy of spies) spy.mockRestore();
  }
}

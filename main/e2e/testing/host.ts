import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureBuilt, ensurePageBuilt, root } from '../../../build/scripts/bootstrap.js';

/** Never shared: whoever could reach this port would need it. */
const TOKEN = 'end-to-end-tests-only-0123';
const START_MS = 60_000;
/** A build that takes longer than that has died. */
const LONGEST_BUILD_MS = 300_000;

export interface WebHost {
  /** With the token. */
  readonly url: string;
  readonly pid: number;
  /** As a crash or a power cut would end it. */
  kill(): Promise<void>;
  /** As Ctrl-C ends it; the exit code. */
  end(): Promise<number | null>;
}

/** Starts the built web host, with a folder of its own for what a user keeps. */
export async function startWebHost(dataDir: string): Promise<WebHost> {
  const args = ['dist/web/main.js', '--no-open', '--port', '0', '--token', TOKEN, '--data', dataDir];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await addressOf(child);
  return {
    url,
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Builds programs and page where they are older than their sources; one test file at a time. */
export async function ensureWorkbench(): Promise<void> {
  const lock = join(root, '.cache/end-to-end.lock');
  mkdirSync(join(root, '.cache'), { recursive: true });
  while (!taken(lock)) await pause(250);
  try {
    ensureBuilt();
    ensurePageBuilt();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function taken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > LONGEST_BUILD_MS) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const fail = (why: string) => {
      clearTimeout(late);
      child.kill('SIGKILL');
      reject(new Error(`the web host ${why}:\n${printed}`));
    };
    const late = setTimeout(() => fail('has not printed its address'), START_MS);
    const read = (text: Buffer) => {
      printed += text.toString('utf8');
      const url = /http:\S+/.exec(printed)?.[0];
      if (url === undefined) return;
      clearTimeout(late);
      resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => fail(`has ended with ${code ?? 'a signal'}`));
  });
}

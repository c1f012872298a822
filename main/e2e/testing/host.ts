import { spawn, type ChildProcess } from 'node:child_process';
import { root } from '../../../build/scripts/bootstrap.js';

/** Never shared: whoever could reach this port would need it. */
const TOKEN = 'end-to-end-tests-only-0123';
const START_MS = 60_000;

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

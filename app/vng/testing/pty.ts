import { resolve } from 'node:path';
import headless from '@xterm/headless';
import pty, { type IPty } from 'node-pty';

const ROOT = resolve(import.meta.dirname, '../../..');
const OUTPUT = '.cache/vng-test/vng.js';
/** Nothing that a test waits for takes longer, even on a machine that has much else to do. */
const PATIENCE_MS = 15_000;
/** What a program has written comes, at the latest, so long after its end. */
const LAST_WORDS_MS = 1_000;

/** Where `buildVng` puts the program. */
export const vngPath = (): string => resolve(ROOT, OUTPUT);

/** Bundles the program as it is in the sources now, into a folder of the tests' own. */
export async function buildVng(): Promise<void> {
  const { bundle } = await import('../../../build/scripts/bundle.js');
  await bundle({ [OUTPUT]: 'app/vng/entry.ts' }, true);
}

/** `vng` under a pseudo terminal, with a screen that can be looked at. */
export class PtyConsole {
  private readonly terminal = new headless.Terminal({
    rows: 30,
    cols: 100,
    scrollback: 5000,
    allowProposedApi: true,
  });
  private readonly process: IPty;
  private code: number | null = null;
  private exitedMs = 0;
  private changed: () => void = () => {};

  constructor(args: readonly string[], cwd: string, variables: NodeJS.ProcessEnv = {}) {
    const environment = { ...process.env, ...variables, TERM: 'xterm-256color', USER: 'root' };
    this.process = pty.spawn(process.execPath, [vngPath(), ...args], {
      ...{ rows: 30, cols: 100, cwd, name: 'xterm-256color', env: environment },
    });
    this.process.onData((data) => this.terminal.write(data, () => this.changed()));
    this.process.onExit(({ exitCode }) => {
      this.code = exitCode;
      this.exitedMs = performance.now();
      this.changed();
    });
  }

  get exited(): boolean {
    return this.code !== null;
  }

  type(text: string): void {
    this.process.write(text);
  }

  line(text: string): void {
    this.type(`${text}\r`);
  }

  resize(rows: number, cols: number): void {
    this.terminal.resize(cols, rows);
    this.process.resize(cols, rows);
  }

  signal(name: string): void {
    this.process.kill(name);
  }

  /** Everything that was shown, with lines that the terminal has wrapped put together again. */
  screen(): string {
    const { active } = this.terminal.buffer;
    let text = '';
    for (let y = 0; y < active.length; y++) {
      const line = active.getLine(y);
      text += `${line?.isWrapped === true || y === 0 ? '' : '\n'}${line?.translateToString(true) ?? ''}`;
    }
    return text.replace(/\s+$/, (end) => (/[#$)] $/.test(`${text.trimEnd()} `) ? ' ' : end.trim()));
  }

  /** Waits until the screen shows something. */
  async sees(pattern: RegExp): Promise<void> {
    await this.until(() => pattern.test(this.screen()), `the screen to show ${String(pattern)}`);
  }

  /** Waits for a prompt with nothing behind it. */
  async prompt(): Promise<void> {
    await this.sees(/[#$] $/);
  }

  /** Enters a line again and again, until the screen shows what is expected. */
  async repeats(line: string, pattern: RegExp): Promise<void> {
    for (let tries = 0; tries < 50 && !pattern.test(this.screen()); tries++) {
      this.line(line);
      await new Promise((done) => setTimeout(done, 100));
    }
    await this.sees(pattern);
  }

  /** Waits for the end of the program. */
  async exit(): Promise<number> {
    await this.until(() => this.code !== null, 'the program to end');
    return this.code ?? -1;
  }

  kill(): void {
    if (!this.exited) this.process.kill('SIGKILL');
    this.terminal.dispose();
  }

  private async until(holds: () => boolean, what: string): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (performance.now() > (this.exited ? Math.min(end, this.exitedMs + LAST_WORDS_MS) : end)) {
        throw new Error(`waited in vain for ${what}; the screen:\n${this.screen()}`);
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, 100);
        this.changed = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }
}

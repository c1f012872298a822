// The console of a guest as a user meets it: boot to prompt, guests opened and closed, 10 000 lines of output.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import pty from 'node-pty';
import { report, spread } from './report.ts';

const vng = resolve('build/bin/vng.js');
if (!existsSync(vng)) throw new Error('run this from the root of the repository');

const LINES = 10_000;
const GUESTS = 100;
/** Guests that are open at the same time. */
const AT_ONCE = 4;

interface Guest {
  readonly pid: number;
  /** Milliseconds from the start of the process to the prompt. */
  readonly promptMs: number;
  type(text: string): void;
  /** Waits for a text that comes after this call. */
  sees(text: string): Promise<string>;
  readonly ended: Promise<number>;
}

async function open(): Promise<Guest> {
  const startedMs = performance.now();
  const child = pty.spawn(process.execPath, [vng, '--run', 'v6.12'], { rows: 40, cols: 120 });
  let shown = '';
  let look: () => void = () => {};
  const ended = new Promise<number>((done) => child.onExit(({ exitCode }) => done(exitCode)));
  child.onData((data) => {
    shown += data;
    look();
  });
  const sees = (text: string) =>
    new Promise<string>((done) => {
      look = () => {
        if (!shown.includes(text)) return;
        const all = shown;
        shown = '';
        look = () => {};
        done(all);
      };
      look();
    });
  await sees('# ');
  return {
    pid: child.pid,
    promptMs: performance.now() - startedMs,
    type: (text) => child.write(text),
    sees,
    ended,
  };
}

/** Guests of this run that are still there. */
function processes(): number {
  return [...children].filter((pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }).length;
}

const children = new Set<number>();

async function openAndClose(): Promise<number> {
  const guest = await open();
  children.add(guest.pid);
  guest.type('\x01x');
  const code = await guest.ended;
  if (code !== 0) throw new Error(`a guest ended with ${code}`);
  return guest.promptMs;
}

const first = [
  await openAndClose(),
  await openAndClose(),
  await openAndClose(),
  await openAndClose(),
  await openAndClose(),
];
report(
  'boot to prompt',
  spread(first, (ms) => `${ms.toFixed(0)} ms`),
);

const guest = await open();
children.add(guest.pid);
guest.type(`seq 1 ${LINES}; echo all of 'them'\r`);
const startedMs = performance.now();
const output = await guest.sees('all of them\r\n');
// eslint-disable-next-line no-control-regex -- Escape sequences begin with that character.
const text = output.replace(/\x1b\[[?0-9;]*[A-Za-z]|\r/g, '');
const seen = text.split('\n').filter((line) => /^\d+$/.test(line));
const complete = seen.length === LINES && seen.every((line, i) => line === `${i + 1}`);
if (!complete) throw new Error(`${LINES} lines were printed, ${seen.length} were shown`);
report(`${LINES} lines on the terminal`, `${(performance.now() - startedMs).toFixed(0)} ms, none lost`);
guest.type('\x04');
await guest.ended;

const before = process.memoryUsage().rss;
const times: number[] = [];
for (let done = 0; done < GUESTS; done += AT_ONCE) {
  times.push(...(await Promise.all(Array.from({ length: AT_ONCE }, openAndClose))));
}
const growth = (process.memoryUsage().rss - before) / 1024 / 1024;
report(
  `${GUESTS} guests, ${AT_ONCE} at once: boot to prompt`,
  spread(times, (ms) => `${ms.toFixed(0)} ms`),
);
report('  what is left of them', `${processes()} processes, ${growth.toFixed(0)} MB more here`);
if (processes() > 0) process.exitCode = 1;

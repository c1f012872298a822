// The workbench in headless Chromium: time to first interactive paint, frames while a timeline of a million events is
// moved, and memory after runs were opened and closed. Needs Chromium: CHROMIUM names it where it is not found.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { decodeFrame, encodeFrame } from '../../app/service/contract/frame.ts';
import { findChromium, launch } from '../../main/e2e/testing/chromium.ts';
import { startWebHost, type WebHost } from '../../main/e2e/testing/host.ts';
import { until, WorkbenchPage } from '../../main/e2e/testing/workbench-page.ts';
import { builtWorkbench } from '../scripts/built.js';
import { report, spread } from './report.ts';
import { bigTrace } from './trace.ts';

const LOADS = 7;
const EVENTS = 1_000_000;
const WARM_UP = 5;
const RUNS = 50;
const FOUNDING_CASE = 'bundled/kvm-oom/reap.yaml';

const chromium = findChromium();
if (chromium === null) {
  console.log('no Chromium here: nothing of the workbench is measured');
} else {
  await builtWorkbench();
  const dataDir = mkdtempSync(join(tmpdir(), 'scythe-bench-'));
  const host = await startWebHost(dataDir);
  const browser = await launch(chromium);
  try {
    await firstPaint(browser, host);
    await frames(browser, host);
    await memory(browser, host);
  } finally {
    await browser.close();
    await host.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Each time with nothing in the cache: until the button of the first journey is on the screen and can be pressed. */
async function firstPaint(browser: Browser, host: WebHost): Promise<void> {
  const contentful: number[] = [];
  const interactive: number[] = [];
  for (let count = 0; count < LOADS; count++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.addInitScript(`
      window.interactive = new Promise((done) => {
        const look = () => {
          const button = document.querySelector('.welcome button.primary');
          // The frame after the one that draws it.
          if (button !== null) requestAnimationFrame(() => setTimeout(() => done(performance.now())));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      });`);
    await page.goto(host.url);
    interactive.push(await page.evaluate<number>('window.interactive'));
    contentful.push(
      await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`),
    );
    await context.close();
  }
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  report('first contentful paint', spread(contentful, ms));
  report('first interactive paint (aim: 1500 ms)', spread(interactive, ms));
}

/** The page asks for a trace, and gets one of a million events in place of its run's. */
async function frames(browser: Browser, host: WebHost): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const trace = bigTrace(EVENTS);
  await page.routeWebSocket(/\/workbench$/, (socket) => answerWith(socket, trace));
  await page.goto(host.url);
  await page.getByRole('button', { name: 'Run the founding case' }).click();
  await page.locator('.dmesg-row').first().waitFor();
  await page.keyboard.press('Alt+Shift+X');
  const canvas = page.locator('[data-panel="timeline"] canvas').first();
  await canvas.waitFor();
  await page.locator('.timeline-names').getByText('task/0', { exact: true }).waitFor();
  const box = await canvas.boundingBox();
  if (box === null) throw new Error('the timeline shows no canvas');
  const [x, y] = [box.x + box.width * 0.6, box.y + box.height * 0.6];
  await page.mouse.move(x, y);

  report(`timeline of ${EVENTS.toLocaleString('en')} events`, '');
  await measure(page, '  zooming with the wheel', async (index) => {
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, index % 60 < 30 ? -120 : 120);
    await page.keyboard.up('Control');
  });
  await page.mouse.down();
  await measure(page, '  panning with the mouse', async (index) => {
    await page.mouse.move(x + 200 * Math.sin(index / 12), y);
  });
  await page.mouse.up();
  await context.close();
}

/** Moves for a while, and counts the frames that the page draws meanwhile. */
async function measure(page: Page, what: string, move: (index: number) => Promise<void>): Promise<void> {
  await page.evaluate(`(() => {
    window.gaps = [];
    let last = performance.now();
    window.counting = true;
    const count = (now) => {
      window.gaps.push(now - last);
      last = now;
      if (window.counting) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  })()`);
  const endMs = performance.now() + 5000;
  for (let index = 0; performance.now() < endMs; index++) await move(index);
  const gaps = await page.evaluate<number[]>('(window.counting = false, window.gaps.slice(2))');
  gaps.sort((a, b) => a - b);
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  const slow = gaps[Math.floor(gaps.length * 0.95)];
  report(
    what,
    `${(gaps.length / (total / 1000)).toFixed(0)} frames/s (95 % within ${slow.toFixed(0)} ms; aim: 50)`,
  );
}

function answerWith(socket: WebSocketRoute, trace: unknown): void {
  const server = socket.connectToServer();
  socket.onMessage((message) => {
    const request = decodeFrame(new Uint8Array(message as Buffer)) as { id?: number; method?: string };
    if (request.method !== 'run/trace') server.send(message);
    else socket.send(Buffer.from(encodeFrame({ type: 'result', id: request.id, value: trace })));
  });
}

/** What is left of runs that were looked at and closed. */
async function memory(browser: Browser, host: WebHost): Promise<void> {
  const bench = await WorkbenchPage.open(browser, host.url);
  const session = await bench.page.context().newCDPSession(bench.page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
  };
  await bench.openFile(FOUNDING_CASE);
  // The file shows itself once it is read: the layout comes after that.
  await bench.page.locator('.editor-tab').first().waitFor();
  await bench.page.keyboard.press('Alt+Shift+Digit2');
  const openAndClose = async () => {
    await bench.run(/1 report/);
    await bench.panel('dmesg').locator('.dmesg-row').first().waitFor();
    await bench.panel('timeline').locator('canvas').first().waitFor();
    const open = await bench.runs.count();
    await bench.command('Run: Close Run');
    await until(
      async () => (await bench.runs.count()) < open,
      () => 'the run stays open',
    );
  };
  for (let count = 0; count < WARM_UP; count++) await openAndClose();
  const before = { heap: await heap(), service: residentMb(host.pid) };
  for (let count = 0; count < RUNS; count++) await openAndClose();
  const after = { heap: await heap(), service: residentMb(host.pid) };
  report(`memory before and after ${RUNS} runs (aim: 20 % more)`, '');
  for (const [what, key] of [
    ['  heap of the page', 'heap'],
    ['  resident memory of the service', 'service'],
  ] as const) {
    const more = ((after[key] / before[key] - 1) * 100).toFixed(0);
    report(what, `${before[key].toFixed(0)} MB, ${after[key].toFixed(0)} MB: ${more} %`);
  }
  await bench.close();
}

function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1000;
}

// The workbench as people meet it, in a real browser against the web host: from opening it to finding everything as
// it was. Each test goes on where the one before has left the page. Pictures of the stations: dist/screenshots.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BUILD_MS, builtWorkbench } from '../../build/scripts/built.js';
import { chromiumOrSkip, launch } from './testing/chromium.ts';
import { startWebHost, type WebHost } from './testing/host.ts';
import { callAsViewer } from './testing/raw-viewer.ts';
import { PATIENCE_MS, WorkbenchPage } from './testing/workbench-page.ts';

const FOUNDING_CASE = 'bundled/kvm-oom/reap.yaml';
const SEARCH = 'bundled/kvm-oom/search-run.yaml';
const FIX = 'mmu-notifier-async-oom-v2';
const SPLAT = /BUG: sleeping function called from invalid context/;

const { chromium, skipped } = chromiumOrSkip();

describe.skipIf(skipped)('a session at the workbench', { timeout: 3 * PATIENCE_MS }, () => {
  let dataDir: string;
  let host: WebHost;
  let browser: Browser;
  let bench: WorkbenchPage;
  let broken = false;

  beforeAll(async () => {
    await builtWorkbench();
    dataDir = mkdtempSync(join(tmpdir(), 'scythe-e2e-'));
    [host, browser] = await Promise.all([startWebHost(dataDir), launch(chromium)]);
    bench = await WorkbenchPage.open(browser, host.url);
  }, BUILD_MS);

  beforeEach(({ onTestFailed, skip }) => {
    skip(broken, 'a station before this one was not reached');
    onTestFailed(async () => {
      broken = true;
      await bench.picture('failed-journeys');
    });
  });

  afterAll(async () => {
    await browser.close();
    await host.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('opens with a page that says what there is to do', async () => {
    await bench.page.getByRole('heading', { name: 'Scythe', exact: true }).waitFor();
    for (const journey of ['Run the founding case', 'Explore the fix', 'Share a session']) {
      expect(await bench.page.getByRole('button', { name: journey }).isEnabled()).toBe(true);
    }
    await bench.picture('1-welcome');
  });

  test('finds the founding case among the files', async () => {
    await bench.openFile(FOUNDING_CASE);
    await bench.page.locator('.editor-tab', { hasText: 'kvm-oom/reap.yaml' }).waitFor();
    await bench.page.locator('.monaco-editor').getByText('oom_reap_task').first().waitFor();
    await bench.picture('2-editor');
  });

  test('runs it without PREEMPT_RT: nothing happens', async () => {
    const badge = bench.page.locator('.tool-bar button', { hasText: 'PREEMPT_RT' });
    const option = bench.panel('kernel').getByLabel('PREEMPT_RT', { exact: false }).first();
    await option.uncheck();
    await badge.filter({ hasText: 'no PREEMPT_RT' }).filter({ hasText: '1 changed' }).waitFor();
    await bench.run(/as expected, no report/);
    expect(await bench.panel('dmesg').getByText(SPLAT).count()).toBe(0);
    await bench.picture('3-clean-run');
    await option.check();
    await badge.filter({ hasNotText: 'changed' }).filter({ hasNotText: 'no PREEMPT_RT' }).waitFor();
  });

  test('runs it as it is: the splat is in the log, and leads to its step', async () => {
    await bench.run(/as expected, 1 report/);
    await bench.page.keyboard.press('Alt+Shift+Digit2');
    const splat = bench.panel('dmesg').getByRole('button', { name: SPLAT }).first();
    await splat.waitFor();
    const atReport = await bench.step();
    await bench.page.keyboard.press('Control+Home');
    await bench.stepThat((step) => step === 0);
    await splat.click();
    expect(await bench.stepThat((step) => step > 0)).toBe(atReport);
    await bench.panel('timeline').locator('canvas').first().waitFor();
    await bench.picture('4-splat');
  });

  test('steps forth and back', async () => {
    const start = await bench.step();
    const next = await bench.stepBy('F11');
    expect(next).toBeGreaterThan(start);
    const after = await bench.stepBy('F11');
    expect(await bench.stepBy('Control+F11')).toBe(next);
    expect(await bench.stepBy('F11')).toBe(after);
    const over = await bench.stepBy('F10');
    expect(over).toBeGreaterThan(after);
    expect(await bench.stepBy('Control+F10')).toBeLessThan(over);
    await bench.page.keyboard.press('Control+Home');
    await bench.stepThat((step) => step === 0);
    expect(await bench.stepBy('F8')).toBe(start);
  });

  test('shows who did what beside whom, and goes there', async () => {
    await bench.command('View: Interleaving');
    const lines = bench.panel('interleaving').locator('pre button');
    const before = await bench.step();
    await lines.first().click();
    await bench.stepThat((step) => step !== before);
    expect(await bench.panel('interleaving').locator('pre').innerText()).toContain(
      'kvm_mmu_notifier_invalidate_range_start',
    );
    await bench.picture('5-interleaving');
  });

  test('boots a guest and sees the splat on its console', async () => {
    await bench.page.keyboard.press('Control+Shift+G');
    const screen = bench.panel('console').locator('.xterm-rows');
    await screen.getByText('# ').first().waitFor();
    await bench.panel('console').locator('.xterm-helper-textarea').focus();
    await bench.page.keyboard.type('./simple_kvm &\nsleep 1\n');
    await bench.page.keyboard.type('echo $! | sudo tee /sys/kernel/debug/oom_reap_task\n');
    await bench.page.locator('.toast').filter({ hasText: SPLAT }).waitFor();
    // Virtme-ng boots quietly: the log is there for whoever asks.
    await bench.page.keyboard.type("dmesg | grep 'BUG:'\n");
    await screen.getByText(SPLAT).first().waitFor();
    await bench.picture('6-console');
    await bench.page.getByLabel('Dismiss the message').first().click();
  });

  test('explores the fix and opens what is found', async () => {
    await bench.page.keyboard.press('Alt+Shift+Digit1');
    await bench.openFile(SEARCH);
    await bench.run(/as expected, no report/);
    const name = bench.page.getByText(FIX, { exact: true });
    await bench.panel('kernel').locator('label').filter({ has: name }).getByRole('checkbox').check();
    await bench.page.keyboard.press('Control+F5');
    await bench.page.getByRole('dialog').getByRole('button', { name: 'Explore' }).click();
    const outcomes = bench.panel('outcomes');
    const open = outcomes.getByRole('button', { name: 'Open' }).first();
    await open.waitFor();
    await outcomes.getByText('every execution').waitFor();
    await outcomes.getByText('guest write to a freed page').waitFor();
    await bench.picture('7-outcomes');
    const before = await bench.runs.count();
    await open.click();
    await expect.poll(() => bench.runs.count(), { timeout: PATIENCE_MS }).toBe(before + 1);
    await bench.panel('timeline').locator('canvas').first().waitFor();
    expect(await bench.stepThat((step) => step > 0)).toBeGreaterThan(0);
    await bench.picture('8-outcome-as-run');
  });

  test('compares it with the unpatched run, and marks where they part', async () => {
    await bench.command('View: Compare');
    const other = bench.panel('compare').getByLabel('Run to compare with');
    const unpatched = other.locator('option').filter({ hasText: 'A vCPU runs' }).filter({ hasNotText: FIX });
    await other.selectOption(await unpatched.getAttribute('value'));
    await bench.panel('compare').locator('.compare-verdict.warn').waitFor();
    expect(await bench.panel('compare').getByText(FIX, { exact: false }).count()).toBe(1);
    expect(await bench.panel('compare').locator('tr[data-differs="true"]').count()).toBeGreaterThan(0);
    await bench.picture('9-compare');
  });

  test('shows itself to a viewer, who follows and can change nothing', async () => {
    await bench.page.keyboard.press('Control+Shift+L');
    const dialog = bench.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Start sharing' }).click();
    const url = await dialog.getByLabel('Link').inputValue();
    const viewer = await WorkbenchPage.open(browser, url);
    await dialog.getByText('Viewers (1)').waitFor();
    await bench.picture('10-share');
    await bench.page.keyboard.press('Escape');

    const here = await bench.stepBy('Control+F11');
    await viewer.stepThat((step) => step === here);
    const next = await bench.stepBy('Control+F11');
    await viewer.stepThat((step) => step === next);
    await bench.command('View: Tasks');
    await viewer.panel('tasks').waitFor();
    await viewer.picture('11-viewer');

    expect(await viewer.page.getByRole('button', { name: 'Run', exact: true }).count()).toBe(0);
    await viewer.page.keyboard.press('F5');
    await viewer.page.keyboard.press('Control+Shift+G');
    const refused = await callAsViewer(url, [
      ['run/start', { text: 'scythe: 1', path: 'x.yaml', overrides: {}, seed: 1 }],
      ['file/write', { path: 'user/x.yaml', text: '', etag: null }],
      ['state/write', { key: 'settings', value: {} }],
      ['guest/open', { args: [], title: 'vng', cols: 80, rows: 24 }],
      ['share/stop', {}],
    ]);
    expect(refused).toEqual(Array(5).fill('forbidden'));
    expect(viewer.complaints).toEqual([]);
    expect(await viewer.page.locator('.toast.error').count()).toBe(0);
    expect(await viewer.tabs()).not.toContain('Kernel');
    await viewer.close();
    await bench.page.locator('.title-bar').getByText('Shared with 0 viewers').waitFor();
  });

  test('finds everything as it was when it is loaded again', async () => {
    await bench.command('View: Matrix');
    await bench.command('Theme: Light');
    await expect.poll(() => stored('layout'), { timeout: PATIENCE_MS }).toContain('matrix');
    await expect.poll(() => stored('settings'), { timeout: PATIENCE_MS }).toContain('"light"');
    const before = await look();
    await bench.page.reload();
    await bench.page.locator(':root[data-theme="light"]').waitFor();
    await expect.poll(look, { timeout: PATIENCE_MS }).toEqual(before);
    expect(before.files).toHaveLength(2);
    await bench.picture('12-loaded-again');
  });

  test('brings back what was typed and not saved after its host was killed', async () => {
    await bench.openFile(FOUNDING_CASE);
    await bench.page.locator('.monaco-editor textarea, .monaco-editor .native-edit-context').first().focus();
    await bench.page.keyboard.press('Control+End');
    await bench.page.keyboard.type('# typed and not saved');
    await bench.page.locator('.editor-tab', { hasText: '●' }).waitFor();
    await expect.poll(drafts, { timeout: PATIENCE_MS }).toContain('# typed and not saved');
    await host.kill();
    await bench.page.getByText('no host').waitFor();
    expect(bench.complaints.filter((complaint) => !/WebSocket connection/.test(complaint))).toEqual([]);
    await bench.close();

    host = await startWebHost(dataDir);
    bench = await WorkbenchPage.open(browser, host.url);
    await bench.page.locator('.editor-tab', { hasText: '●' }).waitFor();
    await bench.page.locator('.toast').filter({ hasText: 'what had not been saved is back' }).waitFor();
    await bench.openFile(FOUNDING_CASE);
    await bench.page.locator('.monaco-editor').first().click();
    await bench.page.keyboard.press('Control+End');
    await bench.page.locator('.monaco-editor').getByText('# typed and not saved').waitFor();
    await bench.picture('13-draft-is-back');
    await bench.page.keyboard.press('Control+Z');
    await bench.page.locator('.editor-tab', { hasText: 'reap.yaml' }).filter({ hasNotText: '●' }).waitFor();
    expect(bench.complaints).toEqual([]);
  });

  test('ends in peace', async () => {
    expect(await host.end()).toBe(0);
  });

  /** What somebody recognises their workbench by. */
  async function look(): Promise<{ tabs: string[]; files: string[]; theme: string | null }> {
    return {
      tabs: await bench.tabs(),
      files: await bench.page.locator('.editor-tab').allInnerTexts(),
      theme: await bench.page.locator(':root').getAttribute('data-theme'),
    };
  }

  function stored(key: string): string {
    const file = join(dataDir, `state/${key}.json`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  function drafts(): string {
    const folder = join(dataDir, 'state/drafts');
    const names = existsSync(folder) ? readdirSync(folder) : [];
    // Others are being written: they count once they have their name.
    return names
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
  }
});

// Who does not see the screen, or has no mouse, or needs large type: the workbench is for them as well.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BUILD_MS, builtWorkbench } from '../../build/scripts/built.js';
import { chromiumOrSkip, launch } from './testing/chromium.ts';
import { CUT_OFF } from './testing/cut-off.ts';
import { startWebHost, type WebHost } from './testing/host.ts';
import { PATIENCE_MS, WorkbenchPage } from './testing/workbench-page.ts';

const PRESETS = ['Edit', 'Run', 'Debug', 'Present'];
const THEMES = ['Dark', 'Light', 'High Contrast Dark', 'High Contrast Light'];

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { chromium, skipped } = chromiumOrSkip();

describe.skipIf(skipped)('the workbench for everybody', { timeout: 3 * PATIENCE_MS }, () => {
  let dataDir: string;
  let host: WebHost;
  let browser: Browser;
  let bench: WorkbenchPage;

  beforeAll(async () => {
    await builtWorkbench();
    dataDir = mkdtempSync(join(tmpdir(), 'scythe-e2e-'));
    [host, browser] = await Promise.all([startWebHost(dataDir), launch(chromium)]);
    bench = await WorkbenchPage.open(browser, host.url);
  }, BUILD_MS);

  beforeEach(({ onTestFailed }) => onTestFailed(() => bench.picture('failed-accessibility')));

  afterAll(async () => {
    await browser.close();
    await host.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('all of it can be reached by keys alone', async () => {
    const { page } = bench;
    await page.keyboard.press('Control+P');
    await page.keyboard.type('kvm-oom/reap');
    await page.locator('[cmdk-item][data-selected="true"]').filter({ hasText: 'reap.yaml' }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.editor-tab', { hasText: 'kvm-oom/reap.yaml' }).waitFor();
    await page.keyboard.press('F5');
    await page.locator('.tool-bar .badge', { hasText: '1 report' }).waitFor();
    await bench.stepBy('F11');

    // Every panel by its shortcut, every group by F6, the menus by arrows.
    for (const [keys, id] of [
      ['Alt+Shift+X', 'timeline'],
      ['Alt+Shift+P', 'tasks'],
      ['Alt+Shift+Z', 'address-space'],
      ['Alt+Shift+L', 'locks'],
      ['Alt+Shift+K', 'kernel'],
    ] as const) {
      await page.keyboard.press(keys);
      await bench.panel(id).waitFor();
    }
    await page.keyboard.press('Alt+Shift+Digit2');
    for (const id of ['timeline', 'explorer', 'interleaving', 'dmesg']) await bench.panel(id).waitFor();
    const visited = new Set<string>();
    for (let count = 0; count < 8; count++) {
      await page.keyboard.press('F6');
      visited.add(await focusedPanel());
    }
    expect([...visited].sort()).toEqual(['dmesg', 'explorer', 'interleaving', 'timeline']);

    await page.getByRole('menuitem', { name: 'File' }).focus();
    await page.keyboard.press('ArrowRight');
    // The menu bar moves its focus a moment later.
    await page.locator('[role="menuitem"]:focus', { hasText: 'View' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('menuitem', { name: 'Layout: Edit' }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.dv-tab', { hasText: 'Welcome' }).waitFor();
  });

  test('whoever tabs through it comes to every button, and sees where they are', async () => {
    const { page } = bench;
    await page.keyboard.press('Alt+Shift+Digit2');
    await bench.panel('dmesg').waitFor();
    await page.getByRole('button', { name: 'Run', exact: true }).focus();
    const reached: string[] = [];
    for (let count = 0; count < 12; count++) {
      await page.keyboard.press('Tab');
      const [name, outline] = await page.evaluate<[string, string]>(
        `[document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent,
          getComputedStyle(document.activeElement).outlineStyle]`,
      );
      reached.push(name);
      expect(outline, name).not.toBe('none');
    }
    expect(reached).toContain('Explore');
    expect(reached).toContain('Step to the Next Operation');
  });

  describe.each(THEMES)('in the theme %s', (theme) => {
    test.each(PRESETS)('the layout %s has no serious issue', async (preset) => {
      const { page } = bench;
      await bench.command(`Theme: ${theme}`);
      await page.keyboard.press(`Alt+Shift+Digit${PRESETS.indexOf(preset) + 1}`);
      await page.locator(`.dv-tab`).first().waitFor();
      await settled();
      await page.evaluate(axe);
      const { violations } = await page.evaluate<AxeResults>(
        `axe.run(document, { resultTypes: ['violations'] })`,
      );
      const serious = violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target.join(' ')} ${html}`));
      expect(serious).toEqual([]);
      await bench.picture(`layout-${preset}-${theme.replaceAll(' ', '-')}`.toLowerCase());
    });
  });

  test.each([
    ['1280x720', { width: 1280, height: 720 }],
    // What a page of 1440x900 and one of 1280x720 have left when the browser magnifies by two.
    ['1440x900 at 200 %', { width: 720, height: 450 }],
    ['1280x720 at 200 %', { width: 640, height: 360 }],
  ])('no control is cut off on %s', async (name, size) => {
    const { page } = bench;
    await bench.command('Theme: Dark');
    await page.setViewportSize(size);
    for (const [index, preset] of PRESETS.entries()) {
      await page.keyboard.press(`Alt+Shift+Digit${index + 1}`);
      await settled();
      await bench.picture(`size-${name.replaceAll(/\W+/g, '-')}-${preset}`.toLowerCase());
      expect(await page.evaluate(CUT_OFF), preset).toEqual([]);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  /** Panels are loaded when they are first shown: until none says so any more. */
  async function settled(): Promise<void> {
    const busy = bench.page.locator('.starting, .editor-waiting');
    await expect.poll(() => busy.count(), { timeout: PATIENCE_MS }).toBe(0);
    await bench.page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))',
    );
  }

  function focusedPanel(): Promise<string> {
    return bench.page.evaluate(
      `document.activeElement.closest('[data-panel]')?.dataset.panel ?? document.activeElement.outerHTML.slice(0, 80)`,
    );
  }
});

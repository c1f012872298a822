import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { root } from '../../../build/scripts/bootstrap.js';

/** On a busy machine things take their time; what never comes is told after this. */
export const PATIENCE_MS = 60_000;

/** Waits for what no element tells. */
export async function until(condition: () => Promise<boolean>, failure: () => string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(failure());
    await pause(50);
  }
}

/** The workbench in a browser, driven as a person does: by keys, by clicks, by what can be read. */
export class WorkbenchPage {
  /** What the page complained of: nobody wants to see any of it. */
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async open(
    browser: Browser,
    url: string,
    size = { width: 1440, height: 900 },
  ): Promise<WorkbenchPage> {
    const context: BrowserContext = await browser.newContext({ viewport: size, colorScheme: 'dark' });
    const workbench = new WorkbenchPage(await context.newPage());
    await workbench.page.goto(url);
    await workbench.page
      .locator('.dv-tab')
      .first()
      .waitFor()
      .catch(async (cause: unknown) => {
        const shown = await workbench.page.locator('body').innerText();
        throw new Error(`no panels came up: ${[shown, ...workbench.complaints].join('\n')}`, { cause });
      });
    return workbench;
  }

  /** Gives a command as the palette lists it. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('Control+Shift+P');
    await this.choose(title);
  }

  async openFile(path: string): Promise<void> {
    await this.page.keyboard.press('Control+P');
    await this.choose(path);
  }

  panel(id: string): Locator {
    return this.page.locator(`[data-panel="${id}"]`);
  }

  /** The titles of all panels' tabs, in the order of the page. */
  tabs(): Promise<string[]> {
    return this.page.locator('.dv-tab').allInnerTexts();
  }

  get status(): Locator {
    return this.page.locator('.status-bar');
  }

  /** The step at which the cursor stands. */
  async step(): Promise<number> {
    const text = await this.status.innerText();
    const step = /step (\d+)/.exec(text)?.[1];
    if (step === undefined) throw new Error(`the status bar names no step: ${text}`);
    return Number(step);
  }

  /** Waits until the cursor stands where the condition wants it. */
  async stepThat(condition: (step: number) => boolean): Promise<number> {
    let step = 0;
    await until(
      async () => condition((step = await this.step())),
      () => `the cursor stays at step ${step}`,
    );
    return step;
  }

  /** Presses a key and waits until the cursor stands elsewhere. */
  async stepBy(keys: string): Promise<number> {
    const before = await this.step();
    await this.page.keyboard.press(keys);
    return this.stepThat((step) => step !== before);
  }

  /** The runs that can be shown. */
  get runs(): Locator {
    return this.page.getByLabel('Run that is shown').locator('option');
  }

  /** Runs the scenario in the editor and waits until the badge of the run says this. */
  async run(verdict: RegExp): Promise<void> {
    const before = await this.runs.count();
    await this.page.keyboard.press('F5');
    await until(
      async () => (await this.runs.count()) === before + 1,
      () => 'no run has begun',
    );
    await this.page.locator('.tool-bar .badge').filter({ hasText: verdict }).waitFor();
  }

  /** Keeps a picture, for people to look at. */
  async picture(name: string): Promise<void> {
    const folder = join(root, 'dist/screenshots');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  private async choose(text: string): Promise<void> {
    const { page } = this;
    await page.locator('[cmdk-input]').fill(text);
    await page.locator('[cmdk-item][data-selected="true"]').filter({ hasText: text }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[cmdk-input]').waitFor({ state: 'detached' });
  }
}

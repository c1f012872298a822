import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge'];
const ELSEWHERE = ['/usr/bin', '/usr/local/bin', '/snap/bin', '/opt/google/chrome'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** The Chromium of this machine, or the one that CHROMIUM names; null where there is none. */
export function findChromium(env = process.env): string | null {
  const named = env['CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  const folders = [...(env['PATH'] ?? '').split(delimiter), ...ELSEWHERE].filter((folder) => folder !== '');
  const candidates = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), MAC];
  return candidates.find(isProgram) ?? null;
}

/** Says so where tests are left out for want of a browser: nobody shall take that for a pass. */
export function chromiumOrSkip(): { readonly chromium: string; readonly skipped: boolean } {
  const found = findChromium();
  if (found === null) {
    console.log('skipped: no chromium (install it, or name it in the environment variable CHROMIUM)');
  }
  return { chromium: found ?? '', skipped: found === null };
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    // The sandbox needs rights that containers and root do not have; the page is our own.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'],
    timeout: 60_000,
  });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron } from 'playwright-core';
import { expect, test } from 'vitest';
import { electronPath } from '../../build/scripts/electron.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/electron/main.js');

/** Why the shell cannot be started here; null if it can. */
function reasonToSkip(): string | null {
  if (electronPath() === null) return 'no Electron binary';
  if (!existsSync(main) || !existsSync(join(root, 'dist/renderer/index.html'))) return 'not built';
  const { env, platform } = process;
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return 'no display';
  return null;
}

test(
  'the desktop opens its window, sandboxed, and reaches its service',
  { timeout: 60_000 },
  async (context) => {
    const reason = reasonToSkip();
    if (reason !== null) {
      console.log(`skipped: ${reason}`);
      context.skip(reason);
    }
    const folder = mkdtempSync(join(tmpdir(), 'scythe-smoke-'));
    const { XDG_DATA_HOME: _theirs, ...env } = process.env as Record<string, string>;
    const app = await _electron.launch({
      executablePath: electronPath() ?? '',
      args: [main, `--user-data-dir=${join(folder, 'profile')}`],
      cwd: root,
      env: { ...env, XDG_DATA_HOME: join(folder, 'data'), APPDATA: folder },
    });
    try {
      const page = await app.firstWindow();
      expect(page.url()).toBe('scythe-app://workbench/');
      // The tools stand once the page has a port to the service.
      await page.getByRole('toolbar', { name: 'Run control' }).waitFor();
      await page.locator('.dock .panel').first().waitFor();
      const seen = await page.evaluate(() => ({
        node: 'process' in globalThis || 'require' in globalThis,
        lent: Object.keys((globalThis as { scytheHost?: object }).scytheHost ?? {}).sort(),
      }));
      expect(seen).toEqual({ node: false, lent: ['nativeMenu', 'taskbarProgress'] });
    } finally {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

// node build/scripts/icons.js: draws build/icons anew from renderer/public/icon.svg, with a Chromium that is
// installed (CHROMIUM names it). The icons are committed: only a changed picture needs this.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './bootstrap.js';
import { icns, ico } from './icon-files.js';

const SIZES = [16, 24, 32, 48, 64, 128, 256, 512, 1024];
const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const executablePath = process.env['CHROMIUM'] ?? USUAL.find((path) => existsSync(path));
if (executablePath === undefined) {
  console.error('There is no Chromium at the usual places: name one in CHROMIUM.');
  process.exit(3);
}

const folder = join(root, 'build/icons');
mkdirSync(folder, { recursive: true });
const picture = readFileSync(join(root, 'renderer/public/icon.svg'), 'utf8');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
/** @type {Map<number, Buffer>} */
const drawn = new Map();
for (const size of SIZES) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const style = `html, body { margin: 0 } svg { display: block; width: ${size}px; height: ${size}px }`;
  await page.setContent(`<style>${style}</style>${picture}`);
  drawn.set(size, await page.screenshot({ omitBackground: true }));
  await page.close();
}
await browser.close();

for (const [size, png] of drawn) writeFileSync(join(folder, `${size}x${size}.png`), png);
writeFileSync(join(folder, 'icon.ico'), ico(drawn));
writeFileSync(join(folder, 'icon.icns'), icns(drawn));
console.log(`${drawn.size} sizes, icon.ico and icon.icns are in build/icons`);

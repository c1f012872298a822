import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What makes an exported page come alive: one script and one style sheet, made from renderer/export. */
export interface PageBundle {
  readonly script: string;
  readonly style: string;
}

/** The bundle beside those of the hosts; null if it was not built. A page without it can be read all the same. */
export function pageBundle(): PageBundle | null {
  for (const place of ['../export/', '../../../../dist/export/']) {
    const [script, style] = ['page.js', 'page.css'].map((name) =>
      fileURLToPath(new URL(place + name, import.meta.url)),
    );
    if (existsSync(script) && existsSync(style)) {
      return { script: readFileSync(script, 'utf8'), style: readFileSync(style, 'utf8') };
    }
  }
  return null;
}

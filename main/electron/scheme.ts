import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { CustomScheme } from 'electron';
import { contentSecurityPolicy } from '../common/csp.ts';
import { mimeTypes } from '../common/mime-types.ts';

/** The page comes from a scheme of its own: never from `file:`, which can read the whole disk. */
export const SCHEME = 'scythe-app';
export const ORIGIN = `${SCHEME}://workbench`;

export const customScheme: CustomScheme = {
  scheme: SCHEME,
  privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
};

/** Answers with a file of the built renderer, and with nothing outside of its folder. */
export async function answer(folder: string, url: string): Promise<Response> {
  const file = fileOf(folder, url);
  const type = file === null ? undefined : mimeTypes[extname(file)];
  const content = file === null || type === undefined ? null : await readFile(file).catch(() => null);
  if (content === null || type === undefined)
    return new Response('There is no such page.\n', { status: 404 });
  return new Response(new Uint8Array(content), {
    headers: {
      'Content-Type': type,
      'Content-Security-Policy': contentSecurityPolicy([]),
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** The file that a URL of the scheme names, or null. */
export function fileOf(folder: string, url: string): string | null {
  let path: string;
  try {
    const parsed = new URL(url);
    if (`${parsed.protocol}//${parsed.host}` !== ORIGIN) return null;
    path = decodeURIComponent(parsed.pathname);
  } catch {
    return null;
  }
  if (path === '/') return join(folder, 'index.html');
  const file = normalize(join(folder, path));
  return path.includes('\0') || !file.startsWith(normalize(folder) + sep) ? null : file;
}

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { mimeTypes } from '../common/mime-types.ts';

/** Paths at which the workbench's page is: the owner's, and that of viewers of a shared session. */
const PAGES = new Set(['/', '/view']);

/** Answers with a file of the built renderer. Nothing outside of its folder, nothing but GET and HEAD. */
export async function serveStatic(
  folder: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    end(response, 405, 'Only GET and HEAD are served here.\n');
    return;
  }
  const file = fileOf(folder, request.url ?? '/');
  const type = file === null ? undefined : mimeTypes[extname(file)];
  const found = file === null || type === undefined ? null : await stat(file).catch(() => null);
  if (file === null || type === undefined || found?.isFile() !== true) {
    end(response, 404, 'There is no such page.\n');
    return;
  }
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Length': found.size,
    // The names of all files but the page hold a hash of their content.
    'Cache-Control': type.startsWith('text/html') ? 'no-cache' : 'public, max-age=31536000, immutable',
  });
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
}

/** The file that a URL names, or null if it cannot name one. */
function fileOf(folder: string, url: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(url.replace(/[?#].*$/s, ''));
  } catch {
    return null;
  }
  if (PAGES.has(path)) return join(folder, 'index.html');
  const file = normalize(join(folder, path));
  return path.includes('\0') || !file.startsWith(normalize(folder) + sep) ? null : file;
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}

import type { App, Session, WebContents } from 'electron';
import { ORIGIN } from './scheme.ts';

/** What a page of ours may have: writing to the clipboard, and the whole screen. */
const ALLOWED: ReadonlySet<string> = new Set(['clipboard-sanitized-write', 'fullscreen']);

/** Denies every permission that is not in the list, asked for or looked up. */
export function guardPermissions(
  session: Pick<
    Session,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
  >,
): void {
  session.setPermissionRequestHandler((_contents, permission, allow) => allow(ALLOWED.has(permission)));
  session.setPermissionCheckHandler((_contents, permission) => ALLOWED.has(permission));
  session.setDevicePermissionHandler(() => false);
}

type Guarded = Pick<WebContents, 'on' | 'setWindowOpenHandler'>;

/** The page stays where it is; links to the web open in the system's browser, and nothing else opens. */
export function guardContents(contents: Guarded, openExternal: (url: string) => void): void {
  const refuse = (event: { preventDefault(): void; url: string }) => {
    if (new URL(event.url).origin !== ORIGIN) event.preventDefault();
  };
  contents.on('will-navigate', (event) => refuse(event));
  contents.on('will-redirect', (event) => refuse(event));
  contents.on('will-frame-navigate', (event) => refuse(event));
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    if (isWebLink(url)) openExternal(url);
    return { action: 'deny' };
  });
}

/** Guards whatever contents are ever made, whoever makes them. */
export function guardAll(app: Pick<App, 'on'>, openExternal: (url: string) => void): void {
  app.on('web-contents-created', (_event, contents) => guardContents(contents, openExternal));
}

export function isWebLink(url: string): boolean {
  try {
    return new URL(url).protocol === 'https:';
  } catch {
    return false;
  }
}

/** Did a message come from the page itself, and not from a frame in it or from elsewhere? */
export function isOurPage(frame: { readonly url: string; readonly parent: unknown } | null): boolean {
  if (frame === null || frame.parent !== null) return false;
  try {
    return new URL(frame.url).origin === ORIGIN || frame.url.startsWith(`${ORIGIN}/`);
  } catch {
    return false;
  }
}

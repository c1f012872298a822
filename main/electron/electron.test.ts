import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WebContents } from 'electron';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CrashPolicy } from './crash.ts';
import { guestArguments, installedVng } from './guest-program.ts';
import { guardContents, guardPermissions, isOurPage, isWebLink } from './guards.ts';
import { menuTemplate } from './menu.ts';
import { openedOf, read } from './opened.ts';
import { answer, fileOf, ORIGIN } from './scheme.ts';
import { windowArea } from './window-area.ts';
import { windowOptions } from './window-options.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scythe-shell-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'case.yaml'), 'scythe: 1\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the window is sandboxed and isolated, and has no Node', () => {
  const { webPreferences } = windowOptions('/preload.cjs');
  expect(webPreferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webSecurity: true,
    webviewTag: false,
    allowRunningInsecureContent: false,
  });
});

describe('the page', () => {
  test('comes from the folder of the renderer, with the policy', async () => {
    const response = await answer(folder, `${ORIGIN}/`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test.each([
    'scythe-app://elsewhere/index.html',
    'https://example.org/',
    `${ORIGIN}/%2e%2e/%2e%2e/etc/passwd`,
    `${ORIGIN}/%00`,
    `${ORIGIN}/%zz`,
    'no url',
  ])('is not had from %s', (url) => {
    const file = fileOf(folder, url);
    expect(file === null || file.startsWith(folder)).toBe(true);
    expect(file === null || !file.includes('passwd') || file.startsWith(join(folder, 'etc'))).toBe(true);
  });
});

describe('guards', () => {
  function guarded() {
    const listeners = new Map<string, (event: { url: string; preventDefault(): void }) => void>();
    let open: ((details: { url: string }) => { action: string }) | undefined;
    const contents = {
      on: (name: string, listener: never) => listeners.set(name, listener),
      setWindowOpenHandler: (handler: never) => {
        open = handler;
      },
    } as unknown as Pick<WebContents, 'on' | 'setWindowOpenHandler'>;
    const openExternal = vi.fn();
    guardContents(contents, openExternal);
    const navigate = (name: string, url: string) => {
      const preventDefault = vi.fn();
      listeners.get(name)?.({ url, preventDefault });
      return preventDefault.mock.calls.length > 0;
    };
    return { navigate, openExternal, open: (url: string) => open?.({ url }) };
  }

  test('keep the page where it is', () => {
    const { navigate } = guarded();
    for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate']) {
      expect(navigate(name, 'https://example.org/')).toBe(true);
      expect(navigate(name, 'file:///etc/passwd')).toBe(true);
    }
    expect(navigate('will-attach-webview', `${ORIGIN}/`)).toBe(true);
  });

  test('open links to the web outside, and nothing else', () => {
    const { open, openExternal } = guarded();
    for (const url of ['https://lore.kernel.org/', 'file:///etc/passwd', 'javascript:alert(1)', 'no url']) {
      expect(open(url)).toEqual({ action: 'deny' });
    }
    expect(openExternal.mock.calls).toEqual([['https://lore.kernel.org/']]);
    expect(isWebLink('http://example.org/')).toBe(false);
  });

  test('deny permissions but for the clipboard and the whole screen', () => {
    const answers: boolean[] = [];
    let ask: ((contents: null, permission: string, allow: (yes: boolean) => void) => void) | undefined;
    let check: ((contents: null, permission: string) => boolean) | undefined;
    let device: (() => boolean) | undefined;
    guardPermissions({
      setPermissionRequestHandler: (handler: never) => (ask = handler),
      setPermissionCheckHandler: (handler: never) => (check = handler),
      setDevicePermissionHandler: (handler: never) => (device = handler),
    });
    for (const permission of ['media', 'geolocation', 'clipboard-sanitized-write']) {
      ask?.(null, permission, (yes) => answers.push(yes));
      answers.push(check?.(null, permission) === true);
    }
    expect(answers).toEqual([false, false, false, false, true, true]);
    expect(device?.()).toBe(false);
  });

  test('take messages from the page itself only', () => {
    expect(isOurPage({ url: `${ORIGIN}/`, parent: null })).toBe(true);
    expect(isOurPage({ url: `${ORIGIN}/`, parent: {} })).toBe(false);
    expect(isOurPage({ url: 'https://example.org/', parent: null })).toBe(false);
    expect(isOurPage({ url: 'scythe-app://workbench.evil/', parent: null })).toBe(false);
    expect(isOurPage(null)).toBe(false);
  });
});

describe('what is opened from outside', () => {
  test('is what looks like a file or a link, and no option', () => {
    expect(openedOf(['--flag', 'a.yaml', 'scythe://open?path=x', 'other', '/tmp/b.replay'])).toEqual([
      'a.yaml',
      'scythe://open?path=x',
      '/tmp/b.replay',
    ]);
  });

  test('is read, and never run', async () => {
    expect(await read(join(folder, 'case.yaml'))).toEqual({
      kind: 'file',
      name: 'case.yaml',
      text: 'scythe: 1\n',
    });
    expect(await read('scythe://open?path=bundled/kvm-oom/reap.yaml')).toEqual({
      kind: 'path',
      path: 'bundled/kvm-oom/reap.yaml',
    });
  });

  test.each([
    'scythe://open?path=../../etc/passwd',
    'scythe://run?path=a.yaml',
    'scythe://%%%',
    '/no/such.yaml',
  ])('is told as a problem: %s', async (what) => {
    expect((await read(what)).kind).toBe('problem');
  });

  test('waits for the page to listen', () => {
    const area = windowArea({ setProgress: () => {}, isFocused: () => true, notify: () => {} });
    area.opened({ kind: 'path', path: 'a.yaml' });
    const heard: unknown[] = [];
    const caller = { id: 1, role: 'owner' } as const;
    const stop = area.topics?.['window/opened']?.({}, (event) => heard.push(event), caller);
    area.opened({ kind: 'path', path: 'b.yaml' });
    stop?.();
    area.opened({ kind: 'path', path: 'c.yaml' });
    expect(heard).toEqual([
      { kind: 'path', path: 'a.yaml' },
      { kind: 'path', path: 'b.yaml' },
    ]);
  });
});

test('a page that crashes is loaded again once, then only if the user wants it', () => {
  const policy = new CrashPolicy();
  expect(policy.decide('clean-exit', 0)).toBe('nothing');
  expect(policy.decide('crashed', 1000)).toBe('reload');
  expect(policy.decide('oom', 5000)).toBe('ask');
  expect(policy.decide('crashed', 60_000)).toBe('reload');
});

test('only a Mac has a menu of the system', () => {
  expect(menuTemplate('linux')).toBeNull();
  expect(menuTemplate('darwin')?.map(({ role }) => role)).toEqual(['appMenu', 'editMenu', 'windowMenu']);
});

test('an installed workbench is a guest when it is told so, with the arguments behind it', () => {
  const { file, args } = installedVng('/opt/Scythe/scythe-workbench');
  expect(guestArguments([file, ...args, '--run', 'v6.12'])).toEqual(['--run', 'v6.12']);
  expect(guestArguments([file, 'a.yaml', ...args])).toBeNull();
  expect(guestArguments([file, 'scythe://open?path=--guest-console'])).toBeNull();
});

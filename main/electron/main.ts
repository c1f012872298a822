// The desktop shell: a window, and the service on a port to it. Whatever can be decided without Electron is decided
// in the files beside this one, which have tests.
import {
  app,
  BrowserWindow,
  crashReporter,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  Notification,
  protocol,
  session,
  shell,
} from 'electron';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../app/base/version.ts';
import { findRoot, foldersIn } from '../common/folders.ts';
import { createWorkbench } from '../common/workbench.ts';
import { CrashPolicy } from './crash.ts';
import { guardAll, guardPermissions, isOurPage } from './guards.ts';
import { guestArguments, installedVng } from './guest-program.ts';
import { menuTemplate } from './menu.ts';
import { LINK_SCHEME, openedOf, read } from './opened.ts';
import { serve } from './port.ts';
import { answer, customScheme, ORIGIN, SCHEME } from './scheme.ts';
import { windowArea } from './window-area.ts';
import { windowOptions } from './window-options.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = findRoot(here);
let window: BrowserWindow | null = null;

const control = windowArea({
  setProgress: (value) => window?.setProgressBar(value ?? -1),
  isFocused: () => window?.isFocused() === true,
  notify: (title, body) => new Notification({ title, body }).show(),
});

const guest = guestArguments(process.argv);
if (guest !== null) {
  void beGuest(guest);
} else if (!app.requestSingleInstanceLock()) {
  app.quit();
} else {
  start();
}

/** This process is the console of a guest: no window, and a profile of its own that goes away with it. */
async function beGuest(args: readonly string[]): Promise<void> {
  app.disableHardwareAcceleration();
  app.dock?.hide();
  const profile = mkdtempSync(join(tmpdir(), 'scythe-guest-'));
  app.setPath('userData', profile);
  process.argv = [process.execPath, 'vng', ...args];
  try {
    await import(new URL('../vng/vng.js', import.meta.url).href);
  } finally {
    rmSync(profile, { recursive: true, force: true });
    app.exit(Number(process.exitCode ?? 0));
  }
}

function start(): void {
  app.enableSandbox();
  crashReporter.start({ uploadToServer: false });
  protocol.registerSchemesAsPrivileged([customScheme]);
  app.setAsDefaultProtocolClient(LINK_SCHEME);
  guardAll(app, (url) => void shell.openExternal(url));
  app.on('second-instance', (_event, argv) => {
    window?.show();
    openAll(openedOf(argv.slice(1)));
  });
  for (const name of ['open-file', 'open-url'] as const) {
    app.on(name as 'open-file', (event, what) => {
      event.preventDefault();
      openAll([what]);
    });
  }
  app.on('window-all-closed', () => app.quit());
  openAll(openedOf(process.argv.slice(1)));
  void app.whenReady().then(ready);
}

function ready(): void {
  const template = menuTemplate(process.platform);
  Menu.setApplicationMenu(template === null ? null : Menu.buildFromTemplate(template));
  guardPermissions(session.defaultSession);
  protocol.handle(SCHEME, ({ url }) => answer(join(root, 'dist/renderer'), url));
  const vng = app.isPackaged ? { vng: installedVng(process.execPath) } : {};
  const service = createWorkbench({ ...foldersIn(root), ...vng }, root, [control]);
  ipcMain.on('scythe:ready', (event) => {
    if (!isOurPage(event.senderFrame)) return;
    const { port1, port2 } = new MessageChannelMain();
    serve(port1, service.connect('owner'), { version: VERSION, role: 'owner' });
    event.senderFrame?.postMessage('scythe:port', null, [port2]);
  });
  let disposed = false;
  app.on('before-quit', (event) => {
    if (disposed) return;
    event.preventDefault();
    void service.dispose().finally(() => {
      disposed = true;
      app.quit();
    });
  });
  openWindow();
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openWindow();
  });
}

function openWindow(): void {
  const made = new BrowserWindow(windowOptions(join(here, '../preload/preload.cjs')));
  window = made;
  const crashes = new CrashPolicy();
  made.once('ready-to-show', () => made.show());
  made.on('closed', () => {
    window = null;
  });
  made.webContents.on('render-process-gone', (_event, { reason }) => {
    const decision = crashes.decide(reason, performance.now());
    if (decision === 'reload') made.reload();
    if (decision === 'ask') void askToReload(made, reason);
  });
  void made.loadURL(`${ORIGIN}/`);
}

async function askToReload(made: BrowserWindow, reason: string): Promise<void> {
  const { response } = await dialog.showMessageBox(made, {
    type: 'error',
    message: 'The window of the workbench has crashed twice.',
    detail: `Reason: ${reason}. What was typed is kept; guests and searches go on.`,
    buttons: ['Open it again', 'Quit'],
  });
  if (response === 0) made.reload();
  else app.quit();
}

function openAll(all: readonly string[]): void {
  for (const what of all) {
    if (!what.startsWith(`${LINK_SCHEME}:`)) app.addRecentDocument(what);
    void read(what).then((opened) => control.opened(opened));
  }
}

import type { BrowserWindowConstructorOptions } from 'electron';

/** The one kind of window: sandboxed, isolated, without Node; it remembers its size and place. */
export function windowOptions(preload: string): BrowserWindowConstructorOptions {
  return {
    name: 'workbench',
    windowStatePersistence: true,
    width: 1440,
    height: 900,
    minWidth: 800,
    minHeight: 560,
    show: false,
    title: 'Scythe',
    backgroundColor: '#11171e',
    autoHideMenuBar: true,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      spellcheck: false,
    },
  };
}

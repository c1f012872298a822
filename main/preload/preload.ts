// Hands the page a port to the service, and says what this host lends to it. Nothing else of Electron reaches the page.
import { contextBridge, ipcRenderer } from 'electron';

const READY = 'scythe:ready';
const PORT = 'scythe:port';

contextBridge.exposeInMainWorld('scytheHost', {
  nativeMenu: false,
  taskbarProgress: true,
});

window.addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
  if (source === window && data === READY) ipcRenderer.send(READY);
});

ipcRenderer.on(PORT, ({ ports }) => {
  window.postMessage(PORT, window.location.origin, [...ports]);
});

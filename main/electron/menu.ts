import type { MenuItemConstructorOptions } from 'electron';

/**
 * The menu of the system: on a Mac what every program has there, elsewhere none. The commands of the workbench are in
 * the page's own menu, the same in every host.
 */
export function menuTemplate(platform: NodeJS.Platform): MenuItemConstructorOptions[] | null {
  if (platform !== 'darwin') return null;
  return [{ role: 'appMenu' }, { role: 'editMenu' }, { role: 'windowMenu' }];
}

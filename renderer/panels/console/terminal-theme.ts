import type { ITheme } from '@xterm/xterm';
import { currentTheme, themeColour } from '../../state/apply-settings.ts';

/** The sixteen colours of a terminal, in the workbench's own shades. */
export function terminalTheme(): ITheme {
  const dark = currentTheme().endsWith('dark');
  const text = themeColour('text');
  return {
    background: themeColour('bg-sunken'),
    foreground: text,
    cursor: themeColour('accent'),
    selectionBackground: themeColour('selection'),
    black: dark ? '#2b3846' : '#1c2733',
    red: themeColour('bad'),
    green: themeColour('good'),
    yellow: themeColour('warn'),
    blue: themeColour('info'),
    magenta: themeColour('data-pink'),
    cyan: themeColour('accent'),
    white: dark ? text : '#536475',
    brightBlack: themeColour('text-dim'),
    brightRed: themeColour('bad'),
    brightGreen: themeColour('good'),
    brightYellow: themeColour('warn'),
    brightBlue: themeColour('info'),
    brightMagenta: themeColour('data-pink'),
    brightCyan: themeColour('accent'),
    brightWhite: themeColour('text-strong'),
  };
}

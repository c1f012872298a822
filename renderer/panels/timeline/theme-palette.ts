import { themeColour } from '../../state/apply-settings.ts';
import type { Palette } from './palette.ts';

/** The colours of the theme that is shown now. */
export function paletteOfTheme(): Palette {
  const data = (name: string) => themeColour(`data-${name}`);
  return {
    background: themeColour('bg'),
    raised: themeColour('bg-raised'),
    border: themeColour('border'),
    text: themeColour('text'),
    dim: themeColour('text-dim'),
    onData: themeColour('bg-sunken'),
    accent: themeColour('accent'),
    selection: themeColour('focus'),
    report: themeColour('bad'),
    names: ['blue', 'green', 'orange', 'pink', 'deep', 'yellow', 'red'].map(data),
    categories: new Map([
      ['running', data('green')],
      ['runnable', data('blue')],
      ['blocked', data('red')],
      ['sleeping', data('grey')],
      ['hold', data('blue')],
      ['wait', data('red')],
      ['reader', data('green')],
      ['grace-period', data('orange')],
      ['dense', data('grey')],
    ]),
  };
}

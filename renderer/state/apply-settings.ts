import type { Settings } from './settings.ts';

export type ThemeName = 'dark' | 'light' | 'hc-dark' | 'hc-light';

const darkness = matchMedia('(prefers-color-scheme: dark)');
const contrast = matchMedia('(prefers-contrast: more)');
const listeners = new Set<(theme: ThemeName) => void>();
let wanted: Settings['theme'] = 'system';

for (const query of [darkness, contrast]) {
  query.addEventListener('change', () => {
    if (wanted === 'system') show(currentTheme());
  });
}

/** The theme that is shown now. */
export function currentTheme(): ThemeName {
  if (wanted !== 'system') return wanted;
  if (contrast.matches) return darkness.matches ? 'hc-dark' : 'hc-light';
  return darkness.matches ? 'dark' : 'light';
}

/** Tells what does not follow style sheets: the editor, terminals, canvases. */
export function onTheme(listener: (theme: ThemeName) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function applySettings({ theme, zoom, presenting }: Settings): void {
  wanted = theme;
  document.documentElement.style.setProperty('--zoom', String(zoom * (presenting ? 1.35 : 1)));
  document.documentElement.dataset['presenting'] = String(presenting);
  show(currentTheme());
}

/** A colour of the theme as `#rrggbb`, by the name of its variable without `--`. */
export function themeColour(name: string): string {
  const colour = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  // Style sheets are made short when they are built; the editor takes the long form only.
  return /^#[0-9a-f]{3}$/i.test(colour) ? colour.replaceAll(/[0-9a-f]/gi, '$&$&') : colour;
}

function show(theme: ThemeName): void {
  document.documentElement.dataset['theme'] = theme;
  for (const listener of listeners) listener(theme);
}

/** Colours of a theme as the timeline needs them; asked for once per theme. */
export interface Palette {
  readonly background: string;
  readonly raised: string;
  readonly border: string;
  readonly text: string;
  readonly dim: string;
  readonly onData: string;
  readonly accent: string;
  readonly selection: string;
  readonly report: string;
  /** For names: each has always the same one. */
  readonly names: readonly string[];
  readonly categories: ReadonlyMap<string, string>;
}

/** A name's own colour. */
export function colourOf(palette: Palette, category: string, name: string): string {
  const fixed = palette.categories.get(category);
  if (fixed !== undefined) return fixed;
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (hash * 31 + name.charCodeAt(at)) | 0;
  return palette.names[Math.abs(hash) % palette.names.length] ?? palette.dim;
}

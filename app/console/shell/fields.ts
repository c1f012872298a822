import { escapePattern } from './pattern.ts';

/** A stretch of an expanded word. */
export interface Piece {
  readonly text: string;
  /** How the text takes part in patterns and splitting: `quoted` in neither, `pattern` in patterns only. */
  readonly as: 'quoted' | 'pattern' | 'split';
  /** A new field begins before this piece, whatever the text: between the fields of "$@". */
  readonly begins?: boolean;
}

/** Cuts pieces into fields. The fields are still patterns: what was quoted is protected. */
export function splitFields(pieces: readonly Piece[], separators: string): string[] {
  const fields: string[] = [];
  let field: string | null = null;
  const finish = (): void => {
    if (field !== null) fields.push(field);
    field = null;
  };
  for (const { text, as, begins } of pieces) {
    if (begins === true) {
      finish();
    }
    if (as !== 'split') {
      field = (field ?? '') + (as === 'quoted' ? escapePattern(text) : text);
      continue;
    }
    for (const character of text) {
      if (!separators.includes(character)) {
        field = (field ?? '') + (character === '\\' ? '\\\\' : character);
      } else if (/\s/.test(character)) finish();
      else {
        field ??= '';
        finish();
      }
    }
  }
  finish();
  return fields;
}

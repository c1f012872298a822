import type { Call } from '../../sim/call.ts';
import type { FileOperations, FileStruct } from '../include/fs.ts';
import { kfunc } from '../kfunc.ts';

/** A file whose whole text is made at the first read, as seq_file's single_open() does. */
export function singleFile(
  show: (file: FileStruct) => Call<string | number>,
  rest: FileOperations = {},
): FileOperations {
  return { ...rest, read: (file, size) => seq_read(file, size, show) };
}

/**
 * seq_read() - hand out a generated text piece by piece.
 *
 * Context: under f_pos_lock where the file is shared, so nobody else uses what is kept with it.
 */
export const seq_read = kfunc(
  'seq_read',
  function* (file: FileStruct, size: number, show: (file: FileStruct) => Call<string | number>) {
    const position = yield* file.f_pos.read();
    if (position === 0 || file.seq_text === null) {
      const made = yield* show(file);
      // An error below 0, as for a process that is gone.
      if (typeof made === 'number') return made;
      file.seq_text = made;
    }
    const text = file.seq_text.slice(position, position + size);
    if (text !== '') yield* file.f_pos.write(position + text.length);
    return text;
  },
);

/**
 * simple_read_from_buffer() - the part of a text from the file's position on.
 *
 * Return: the part, '' at the end; the position is moved behind it.
 */
export const simple_read_from_buffer = kfunc(
  'simple_read_from_buffer',
  function* (file: FileStruct, size: number, text: string) {
    const position = yield* file.f_pos.read();
    const part = text.slice(position, position + size);
    if (part !== '') yield* file.f_pos.write(position + part.length);
    return part;
  },
);

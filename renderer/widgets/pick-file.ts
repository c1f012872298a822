/** Files of strangers are read up to here. */
const LARGEST_BYTES = 64 * 1024 * 1024;

export interface PickedFile {
  readonly name: string;
  readonly text: string;
}

/** Lets the user choose a file; null if they chose none. */
export function pickTextFile(accept: string): Promise<PickedFile | null> {
  return new Promise((resolve, reject) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = accept;
    input.addEventListener('cancel', () => resolve(null));
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      if (file === undefined) resolve(null);
      else readTextFile(file).then(resolve, reject);
    });
    input.click();
  });
}

export async function readTextFile(file: File): Promise<PickedFile> {
  if (file.size > LARGEST_BYTES)
    throw new Error(`${file.name} is larger than 64 MB: cut out the part that matters`);
  return { name: file.name, text: await file.text() };
}

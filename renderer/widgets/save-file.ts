/** Hands a file to the user: the host decides where downloads go. */
export function saveFile(name: string, mime: string, content: Uint8Array | string): void {
  const parts = [typeof content === 'string' ? content : new Uint8Array(content)];
  const url = URL.createObjectURL(new Blob(parts, { type: mime }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download reads the blob after this function has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

import type { Bytes } from './byte-text.ts';

/** A gzip file (RFC 1952) whose data is stored as it is, which every reader takes. */
export function gzipStored(data: Bytes): Bytes {
  const blocks: string[] = [];
  const count = Math.max(1, Math.ceil(data.length / MOST_STORED));
  for (let i = 0; i < count; i++) {
    const part = data.slice(i * MOST_STORED, (i + 1) * MOST_STORED);
    const last = i === count - 1 ? '\x01' : '\0';
    blocks.push(last + little(part.length, 2) + little(part.length ^ 0xffff, 2) + part);
  }
  const head = '\x1f\x8b\x08\0\0\0\0\0\0\x03';
  return head + blocks.join('') + little(crc32(data), 4) + little(data.length, 4);
}

/** What is in a gzip file of stored blocks; a text on what is wrong with it otherwise. */
export function gunzipStored(file: Bytes): { readonly data: Bytes } | { readonly error: string } {
  if (!file.startsWith('\x1f\x8b\x08')) return { error: 'not in gzip format' };
  let at = 10;
  if (file.charCodeAt(3) === 8) at = file.indexOf('\0', at) + 1;
  else if (file.charCodeAt(3) !== 0) return { error: 'header fields are not supported' };
  let data = '';
  for (let last = false; !last;) {
    const kind = file.charCodeAt(at);
    if (Number.isNaN(kind)) return { error: 'unexpected end of file' };
    if ((kind & 6) !== 0) return { error: 'only stored blocks are supported' };
    last = (kind & 1) === 1;
    const length = number(file, at + 1, 2);
    if (at + 5 + length > file.length) return { error: 'unexpected end of file' };
    data += file.slice(at + 5, at + 5 + length);
    at += 5 + length;
  }
  return number(file, at, 4) === crc32(data) ? { data } : { error: 'invalid compressed data--crc error' };
}

const MOST_STORED = 0xffff;

function little(value: number, bytes: number): string {
  let text = '';
  for (let i = 0; i < bytes; i++) text += String.fromCharCode((value >>> (8 * i)) & 0xff);
  return text;
}

function number(file: string, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + file.charCodeAt(at + i);
  return value;
}

function crc32(data: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < data.length; i++) {
    crc ^= data.charCodeAt(i) & 0xff;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

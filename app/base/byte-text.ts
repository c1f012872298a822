/**
 * What files and pipes of the guest hold: text, in which a byte that is no part of UTF-8 text is a lone surrogate,
 * U+DC80 for 0x80 to U+DCFF for 0xff (as in Python's surrogateescape). So text is text, binary data keep one character
 * for each byte, and both come out of the guest as the bytes that went in.
 *
 * `Bytes` are strings too: one character from 0 to 255 for each byte, for those who build and read binary files.
 */
export type Bytes = string;

const ESCAPE = 0xdc00;
// Every host has these two; the language's own library of types does not know them.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label: string, options: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
  decode(bytes?: Uint8Array, options?: { readonly stream?: boolean }): string;
}

const encoder = new TextEncoder();

/** As it is written to a file or a pipe of the host. */
export function encodeText(text: string): Uint8Array {
  const parts = text.split(ESCAPED);
  if (parts.length === 1) return encoder.encode(text);
  // Text, escaped bytes, text, ...
  const encoded = parts.map((part, i) =>
    i % 2 === 0 ? encoder.encode(part) : Uint8Array.from(part, (c) => c.charCodeAt(0) & 0xff),
  );
  const all = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of encoded) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** With the flag `u`, halves of a surrogate pair do not match. */
const ESCAPED = /([\u{dc80}-\u{dcff}]+)/u;

export function decodeText(bytes: Uint8Array): string {
  return new ByteDecoder().decode(bytes, true);
}

/** Text as one character for each byte. */
export function bytesOfText(text: string): Bytes {
  // eslint-disable-next-line no-control-regex -- ASCII is what stays.
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  return latin(encodeText(text));
}

/** The same the other way round. */
export function textOfBytes(bytes: Bytes): string {
  // eslint-disable-next-line no-control-regex -- ASCII is what stays.
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes;
  return decodeText(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
}

/** Binary data as a file holds them: one character for each byte, even where bytes look like UTF-8. */
export function binaryText(bytes: Bytes): string {
  return bytes.replace(/[\x80-\xff]/g, (c) => String.fromCharCode(ESCAPE + c.charCodeAt(0)));
}

/** How many bytes it is. */
export function byteLength(text: string): number {
  return bytesOfText(text).length;
}

/** Reads a stream of bytes piece by piece: a character may begin in one and end in the next. */
export class ByteDecoder {
  private rest: Uint8Array = new Uint8Array();

  decode(piece: Uint8Array, last = false): string {
    const bytes = this.rest.length === 0 ? piece : joined(this.rest, piece);
    const end = last ? bytes.length : bytes.length - unfinished(bytes);
    this.rest = bytes.slice(end);
    const whole = bytes.subarray(0, end);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole);
    } catch {
      return withEscapes(whole);
    }
  }
}

function withEscapes(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let text = '';
  let valid = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceAt(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    text += decoder.decode(bytes.subarray(valid, at)) + String.fromCharCode(ESCAPE + bytes[at]);
    valid = ++at;
  }
  return text + decoder.decode(bytes.subarray(valid));
}

/** How long the UTF-8 sequence is that begins there; 0 if none does (RFC 3629, which excludes surrogates). */
function sequenceAt(bytes: Uint8Array, at: number): number {
  const length = expected(bytes[at]);
  if (length < 2) return length;
  for (let i = 1; i < length; i++) if (!continues(bytes, at, i)) return 0;
  return length;
}

/** How many bytes a sequence with this first byte has; 0 if it cannot be the first. */
function expected(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

const LEAST_SECOND: Readonly<Record<number, number>> = { 0xe0: 0xa0, 0xf0: 0x90 };
const MOST_SECOND: Readonly<Record<number, number>> = { 0xed: 0x9f, 0xf4: 0x8f };

function continues(bytes: Uint8Array, at: number, i: number): boolean {
  const byte = bytes[at + i];
  const least = (i === 1 ? LEAST_SECOND[bytes[at]] : undefined) ?? 0x80;
  const most = (i === 1 ? MOST_SECOND[bytes[at]] : undefined) ?? 0xbf;
  return byte >= least && byte <= most;
}

/** How many bytes at the end begin a sequence that may still become whole. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const at = bytes.length - back;
    if (expected(bytes[at]) <= back) {
      if (bytes[at] >= 0x80 && bytes[at] < 0xc0) continue;
      return 0;
    }
    for (let i = 1; i < back; i++) if (!continues(bytes, at, i)) return 0;
    return back;
  }
  return 0;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function latin(bytes: Uint8Array): Bytes {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

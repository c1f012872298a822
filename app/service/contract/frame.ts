/**
 * Messages as bytes, for transports that carry no objects: the length of the JSON text (4 bytes, little endian), the
 * text, and then the bytes of each typed array or buffer in it, aligned to 8. In the text an array of numbers stands as
 * `{"$bytes": [kind, offset, length]}`, so a trace of a million events costs no parsing.
 */
import { LARGEST_MESSAGE, ServiceError } from './service-error.ts';

const KINDS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
} as const;
type Kind = keyof typeof KINDS;

const HEAD = 4;
const ALIGN = 8;

export function encodeFrame(message: unknown): Uint8Array<ArrayBuffer> {
  const parts: { bytes: Uint8Array; offset: number }[] = [];
  let size = 0;
  const text = JSON.stringify(message, (_key, value: unknown) => {
    const kind = kindOf(value);
    if (kind === null) return value;
    const array = value as Uint8Array;
    const offset = size;
    parts.push({ bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset });
    size += aligned(array.byteLength);
    return { $bytes: [kind, offset, array.length] };
  });
  const json = new TextEncoder().encode(text);
  const start = aligned(HEAD + json.length);
  const frame = new Uint8Array(start + size);
  new DataView(frame.buffer).setUint32(0, json.length, true);
  frame.set(json, HEAD);
  for (const { bytes, offset } of parts) frame.set(bytes, start + offset);
  return frame;
}

/** Throws a `ServiceError` with the code `invalid` if the bytes are no frame. */
export function decodeFrame(bytes: Uint8Array): unknown {
  if (bytes.byteLength < HEAD || bytes.byteLength > LARGEST_MESSAGE) throw noFrame('its size');
  // Typed arrays need aligned memory: a frame that lies inside a larger buffer is copied once.
  const frame = bytes.byteOffset % ALIGN === 0 ? bytes : bytes.slice();
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const length = view.getUint32(0, true);
  if (HEAD + length > frame.byteLength) throw noFrame('the length of its text');
  const start = aligned(HEAD + length);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(HEAD, HEAD + length));
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$bytes' in value)) return value;
    return arrayOf(frame, start, value.$bytes);
  });
}

function arrayOf(frame: Uint8Array, start: number, place: unknown): unknown {
  if (!Array.isArray(place) || place.length !== 3) throw noFrame('the place of an array');
  const [kind, offset, length] = place as [unknown, unknown, unknown];
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) throw noFrame('the kind of an array');
  if (!isIndex(offset) || !isIndex(length)) throw noFrame('the place of an array');
  const type = KINDS[kind as Kind];
  const end = start + offset + length * type.BYTES_PER_ELEMENT;
  if (offset % ALIGN !== 0 || end > frame.byteLength) throw noFrame('the place of an array');
  return new type(frame.buffer as ArrayBuffer, frame.byteOffset + start + offset, length);
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function kindOf(value: unknown): Kind | null {
  if (!ArrayBuffer.isView(value)) return null;
  for (const [kind, type] of Object.entries(KINDS)) if (value instanceof type) return kind as Kind;
  throw new TypeError(`a frame cannot carry a ${value.constructor.name}`);
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}

function noFrame(what: string): ServiceError {
  return new ServiceError('invalid', `not a message of the workbench: ${what} is wrong`);
}

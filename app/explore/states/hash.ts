import { FunctionSymbol } from '../../sim/call.ts';
import { Memory } from '../../sim/memory.ts';
import { SimObject } from '../../sim/object.ts';
import { mix } from '../mix.ts';

/** Two 32-bit hashes as one exact number, of which 53 bits are left: what states are looked up by. */
export function joined(high: number, low: number): number {
  return (high >>> 0) * 0x200000 + (low >>> 11);
}

/** The seeds of the two halves of a hash. */
export const HIGH = 0x2545f491;
export const LOW = 0x6c078965;

/**
 * Can a value be told by its looks? Numbers, strings and the like; named functions; objects of the machine, which have ids;
 * what lies in a memory; lists of those. Anything else may be changed in place, or look the same and not be.
 */
export function tells(value: unknown): boolean {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
    case 'string':
      return true;
    case 'function':
      return symbolOf(value) !== null;
    case 'object':
      if (value === null || value instanceof SimObject) return true;
      if (Array.isArray(value)) return value.length <= LONGEST && value.every(tells);
      return placeOf(value) !== null;
    default:
      return false;
  }
}

/** A hash of a value that `tells`: 32 bits. */
export function hashOf(value: unknown, seed: number): number {
  switch (typeof value) {
    case 'undefined':
      return mix(seed, 1);
    case 'boolean':
      return mix(seed, value ? 3 : 2);
    case 'number':
      return hashOfNumber(value, seed);
    case 'string':
      return hashOfText(value, seed);
    case 'function':
      return mix(symbolOf(value) ?? -1, seed ^ 0x0f);
    default:
  }
  if (value === null) return mix(seed, 4);
  if (value instanceof SimObject) return hashOfNumber(value.id, seed ^ 0x0b);
  if (Array.isArray(value)) {
    let hash = mix(seed, value.length);
    for (const element of value) hash = mix(hash, hashOf(element, seed));
    return hash;
  }
  const place = placeOf(value as object);
  if (place === null) return mix(seed, 5);
  return mix(hashOfNumber(place.memory.id, seed), hashOfText(place.path, seed));
}

/** The number of a function that has a name in the model. Any other may have been made anew, for this execution. */
function symbolOf(value: object): number | null {
  const { symbol } = value as { symbol?: unknown };
  return symbol instanceof FunctionSymbol ? symbol.index : null;
}

/** The exact number, above 32 bits as well. */
export function hashOfNumber(value: number, seed: number): number {
  const low = value | 0;
  if (low === value) return mix(seed, low);
  if (!Number.isSafeInteger(value)) return hashOfText(String(value), seed);
  return mix(mix(seed, low), Math.floor(value / 0x100000000));
}

function hashOfText(text: string, seed: number): number {
  let hash = mix(seed, text.length);
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash, seed);
}

/** Where a struct lies: two with the same place and the same class are one. */
function placeOf(value: object): { memory: Memory; path: string } | null {
  const { memory, path } = value as { memory?: unknown; path?: unknown };
  if (!(memory instanceof Memory) || typeof path !== 'string') return null;
  return { memory, path: `${value.constructor.name} ${path}` };
}

const LONGEST = 32;

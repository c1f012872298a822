import { printsNew } from '../report/wording.ts';

/**
 * What `%p` shows of an address of 16 digits: a hash of it, the first 8 digits 0. Up to v4.14, whose null pointers are
 * `(null)`, the address itself.
 */
export function hashedAddress(address: string): string {
  if (!printsNew('nonNullPointers')) return address;
  const low = Number.parseInt(address.slice(4), 16);
  const mixed = Math.imul(Math.floor(low / 8), 0x9e3779b1) >>> 0;
  return mixed.toString(16).padStart(16, '0');
}

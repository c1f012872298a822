import { entryFor } from '../stack.ts';
import { isInlined, kallsyms } from '../kfunc.ts';

/** Where the text of the kernel begins. */
const TEXT_BASE = 0xffffffff81000000n;
const ALIGNMENT = 16;

let count = 0;
let offsets: ReadonlyMap<string, number> = new Map();

/** By function, bytes from the start of the text: one after the other in alphabetical order. */
function offsetsOf(): ReadonlyMap<string, number> {
  const symbols = kallsyms();
  if (symbols.length !== count) {
    const made = new Map<string, number>();
    let at = 0;
    for (const symbol of symbols) {
      if (isInlined(symbol)) continue;
      made.set(symbol.name, at);
      at += Math.ceil(entryFor(symbol.name, '').size / ALIGNMENT) * ALIGNMENT;
    }
    count = symbols.length;
    offsets = made;
  }
  return offsets;
}

/** The address of a function as a number; 0 for what is none. */
export function symbolAddress(name: string): bigint {
  const offset = offsetsOf().get(name);
  return offset === undefined ? 0n : TEXT_BASE + BigInt(offset);
}

/** The same as /proc/kallsyms has it. */
export function addressOfSymbol(name: string): string {
  return symbolAddress(name).toString(16).padStart(16, '0');
}

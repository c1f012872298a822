/** Allocation flags, with the values of include/linux/gfp_types.h. */
export const __GFP_IO = 0x40;
export const __GFP_FS = 0x80;
export const __GFP_ZERO = 0x100;
export const __GFP_HIGH = 0x20;
export const __GFP_DIRECT_RECLAIM = 0x400;
export const __GFP_KSWAPD_RECLAIM = 0x800;
export const __GFP_NOWARN = 0x2000;
export const __GFP_NOFAIL = 0x8000;
export const __GFP_NORETRY = 0x10000;
export const __GFP_HARDWALL = 0x100000;
export const __GFP_ACCOUNT = 0x400000;

export const GFP_ATOMIC = __GFP_HIGH | __GFP_KSWAPD_RECLAIM;
export const GFP_KERNEL = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM | __GFP_IO | __GFP_FS;
export const GFP_KERNEL_ACCOUNT = GFP_KERNEL | __GFP_ACCOUNT;
export const GFP_NOWAIT = __GFP_KSWAPD_RECLAIM | __GFP_NOWARN;
export const GFP_NOIO = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM;
export const GFP_NOFS = GFP_NOIO | __GFP_IO;
export const GFP_USER = GFP_KERNEL | __GFP_HARDWALL;
/** With __GFP_HIGHMEM, __GFP_MOVABLE and __GFP_SKIP_KASAN, of which the model makes no use. */
export const GFP_HIGHUSER_MOVABLE = GFP_USER | 0x0a;

/** May the caller be put to sleep until memory is there? */
export function gfpflags_allow_blocking(flags: number): boolean {
  return (flags & __GFP_DIRECT_RECLAIM) !== 0;
}

const NAMES: readonly (readonly [number, string])[] = [
  [GFP_HIGHUSER_MOVABLE, 'GFP_HIGHUSER_MOVABLE'],
  [GFP_USER, 'GFP_USER'],
  [GFP_KERNEL_ACCOUNT, 'GFP_KERNEL_ACCOUNT'],
  [GFP_KERNEL, 'GFP_KERNEL'],
  [GFP_NOFS, 'GFP_NOFS'],
  [GFP_ATOMIC, 'GFP_ATOMIC'],
  [GFP_NOIO, 'GFP_NOIO'],
  [GFP_NOWAIT, 'GFP_NOWAIT'],
  [__GFP_IO, '__GFP_IO'],
  [__GFP_FS, '__GFP_FS'],
  [__GFP_HIGH, '__GFP_HIGH'],
  [__GFP_DIRECT_RECLAIM, '__GFP_DIRECT_RECLAIM'],
  [__GFP_KSWAPD_RECLAIM, '__GFP_KSWAPD_RECLAIM'],
  [__GFP_ZERO, '__GFP_ZERO'],
  [__GFP_NOWARN, '__GFP_NOWARN'],
  [__GFP_NOFAIL, '__GFP_NOFAIL'],
  [__GFP_NORETRY, '__GFP_NORETRY'],
  [__GFP_HARDWALL, '__GFP_HARDWALL'],
  [__GFP_ACCOUNT, '__GFP_ACCOUNT'],
];

/** As `%pGg` with its number before it: `0xcc0(GFP_KERNEL)`. */
export function formatGfp(flags: number): string {
  let rest = flags;
  const words: string[] = [];
  for (const [bits, name] of NAMES) {
    if ((rest & bits) !== bits) continue;
    words.push(name);
    rest &= ~bits;
  }
  if (rest !== 0) words.push(`0x${rest.toString(16)}`);
  return `0x${flags.toString(16)}(${words.join('|')})`;
}

const ROW = 16;

/** print_hex_dump() with addresses in front and text behind: rows of 16 bytes, one by one. */
export function print_hex_dump(bytes: Uint8Array, prefix: (offset: number) => string): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)];
    const numbers = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${prefix(at)}: ${numbers.padEnd(3 * ROW + 1)}${text}`);
  }
  return rows;
}

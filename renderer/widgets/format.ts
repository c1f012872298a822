/** Virtual time since power on, as dmesg shows it: `   12.345678`. */
export function formatStamp(ns: number): string {
  return (ns / 1e9).toFixed(6).padStart(12);
}

/** A span of time in the unit that suits it: `3.3 ms`. */
export function formatDuration(ns: number): string {
  const size = Math.abs(ns);
  if (size < 1e3) return `${Math.round(ns)} ns`;
  if (size < 1e6) return `${trim(ns / 1e3)} µs`;
  if (size < 1e9) return `${trim(ns / 1e6)} ms`;
  return `${trim(ns / 1e9)} s`;
}

function trim(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1).replace(/\.?0+$/, '');
}

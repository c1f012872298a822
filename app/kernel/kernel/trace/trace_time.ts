/** `   23.755086` */
export function timeText(time: number): string {
  const microseconds = Math.floor(time / 1000);
  const seconds = String(Math.floor(microseconds / 1_000_000)).padStart(5);
  return `${seconds}.${String(microseconds % 1_000_000).padStart(6, '0')}`;
}

/** trace_find_mark(): how long something took, as one character. */
export function delayMark(ns: number): string {
  if (ns > 1_000_000_000) return '$';
  if (ns > 100_000_000) return '@';
  if (ns > 10_000_000) return '*';
  if (ns > 1_000_000) return '#';
  if (ns > 100_000) return '!';
  return ns > 10_000 ? '+' : ' ';
}

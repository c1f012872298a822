/** figlet's rendering of `virtme-ng` in its standard font, as virtme-ng's init shows it: quotes and commas left out. */
const FIGLET = [
  '        _      _                                   ',
  ' __   _(_)_ __| |_ _ __ ___   ___       _ __   __ _ ',
  ' \\ \\ / / |  __| __|  _   _ \\ / _ \\_____|  _ \\ / _  |',
  '  \\ V /| | |  | |_| | | | | |  __/_____| | | | (_| |',
  '   \\_/ |_|_|   \\__|_| |_| |_|\\___|     |_| |_|\\__  |',
  '                                              |___/ ',
];

/** What an interactive session begins with. */
export function banner(release: string): string {
  const art = FIGLET.map((line) => `   ${line}`.trimEnd());
  return [...art, `   kernel version: ${release} x86_64`, '   (CTRL+d to exit)', '', ''].join('\r\n');
}

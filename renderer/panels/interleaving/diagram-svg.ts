const [CHARACTER, LINE, MARGIN] = [7.8, 18, 16];

/** Text in columns as a picture, with the blanks where they are. */
export function diagramSvg(text: string): string {
  const lines = text.trimEnd().split('\n');
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHARACTER) + 2 * MARGIN;
  const height = lines.length * LINE + 2 * MARGIN;
  const rows = lines.map((line, index) => {
    const y = MARGIN + (index + 0.75) * LINE;
    return `<text x="${MARGIN}" y="${y}" xml:space="preserve">${escape(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" `,
    'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13">\n',
    '<rect width="100%" height="100%" fill="white"/>\n',
    ...rows.map((row) => `${row}\n`),
    '</svg>\n',
  ].join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const HEADS = ['Time', 'CPU', 'Task', 'Event', 'Details'];
/** Rows at a time: whoever wants others searches for them. */
const MOST_ROWS = 500;

/** Puts a table with a search field in the place of lines whose columns are parted by tabs. */
export function eventTable(lines: HTMLElement): void {
  const all = lines.textContent.split('\n').filter((line) => line !== '');
  if (all.length === 0) {
    lines.textContent = 'none';
    return;
  }
  const search = make('input', { type: 'search', placeholder: 'Search events', ariaLabel: 'Search events' });
  const count = make('span', { className: 'dim' });
  count.setAttribute('role', 'status');
  const body = make('tbody');
  const show = () => {
    const wanted = search.value.trim().toLowerCase();
    const found = wanted === '' ? all : all.filter((line) => line.toLowerCase().includes(wanted));
    body.replaceChildren(...found.slice(0, MOST_ROWS).map(rowOf));
    const part = found.length > MOST_ROWS ? `, the first ${MOST_ROWS} shown` : '';
    count.textContent = `${found.length} of ${all.length}${part}`;
  };
  search.addEventListener('input', show);
  show();
  const head = make('tr');
  head.append(...HEADS.map((text) => make('th', { textContent: text, scope: 'col' })));
  const heads = make('thead');
  heads.append(head);
  const table = make('table', { className: 'events' });
  table.append(heads, body);
  const box = make('div', { className: 'scroll', tabIndex: 0 });
  box.append(table);
  const bar = make('p', { className: 'bar' });
  bar.append(search, count);
  lines.replaceWith(bar, box);
}

function rowOf(line: string): HTMLElement {
  const row = make('tr');
  row.append(...line.split('\t').map((text) => make('td', { textContent: text })));
  return row;
}

/** An element with properties. Text goes in as text, never as markup. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
): HTMLElementTagNameMap[Name] {
  return Object.assign(document.createElement(name), properties);
}

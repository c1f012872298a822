import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { panels } from '../../panels/registry.ts';
import { presets } from '../presets.ts';
import { menus, type Command } from './command.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/workbench.md', import.meta.url)), 'utf8');

let commands: readonly Command[];
let label: (keys: string) => string;

beforeAll(async () => {
  // The page names the keys of Linux and Windows.
  vi.stubGlobal('navigator', { platform: 'Linux' });
  ({ commands } = await import('./index.ts'));
  ({ label } = await import('../keys.ts'));
});

/** The tables of shortcuts as docs/workbench.md has to have them. */
function tables(): string {
  return menus
    .map((menu) => {
      const rows = commands
        .filter((command) => command.menu === menu && command.keys !== undefined)
        .map(({ title, keys = [] }) => `| ${keys.map((each) => code(label(each))).join(', ')} | ${title} |`);
      return rows.length === 0 ? '' : [`| ${menu} | |`, '|---|---|', ...rows].join('\n');
    })
    .filter((table) => table !== '')
    .join('\n\n');
}

const code = (text: string) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);

test('docs/workbench.md names every shortcut', () => {
  const [, shown = ''] = /<!-- shortcuts -->\n\n(.*?)\n\n<!-- end -->/s.exec(page) ?? [];
  // What is received is what belongs between the two marks of the page.
  expect(tables()).toBe(shown);
});

test('docs/workbench.md names every panel and every layout', () => {
  for (const { title } of panels) expect(page).toContain(`| ${title} |`);
  for (const { name } of Object.values(presets)) expect(page).toContain(`**${name}**`);
});

test('no two commands have the same shortcut', () => {
  const keys = commands.flatMap((command) => (command.keys ?? []).map(label));
  expect(keys.filter((each, at) => keys.indexOf(each) !== at)).toEqual([]);
});

import './explorer.css';
import { useMemo, useState } from 'react';
import type { FileEntry } from '../../../app/service/contract/workspace.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';

const ICONS: Readonly<Record<FileEntry['kind'], string>> = {
  scenario: 'beaker',
  matrix: 'table',
  replay: 'history',
  trace: 'pulse',
  markdown: 'book',
  other: 'file',
};

/** Files by folder, with a filter. */
export default function Explorer() {
  const files = useSelector((state) => state.files);
  const [filter, setFilter] = useState('');
  const folders = useMemo(() => foldersOf(files, filter), [files, filter]);
  return (
    <>
      <div className="panel-bar">
        <input
          type="search"
          placeholder="Filter files"
          aria-label="Filter files"
          value={filter}
          onChange={({ target }) => setFilter(target.value)}
        />
      </div>
      <div className="panel-body explorer">
        {folders.map(({ name, entries }) => (
          <details key={name} open>
            <summary>{name === 'user' ? 'My files' : name.replace(/^bundled\//, '')}</summary>
            <ul>
              {entries.map((entry) => (
                <Entry key={entry.path} entry={entry} />
              ))}
            </ul>
            {entries.length === 0 && <p className="dim">Nothing here yet: Alt+N makes a scenario.</p>}
          </details>
        ))}
      </div>
    </>
  );
}

function Entry({ entry }: { entry: FileEntry }) {
  const workbench = useWorkbench();
  const active = useSelector((state) => state.activeDocument === entry.path);
  const open = () => workbench.attempt(workbench.documents.open(entry.path));
  return (
    <li>
      <button className="quiet" aria-current={active} title={entry.title} onClick={open}>
        <Icon name={ICONS[entry.kind]} />
        <span className="explorer-name">{entry.path.split('/').at(-1)}</span>
        <span className="explorer-title">{entry.title}</span>
      </button>
    </li>
  );
}

interface Folder {
  readonly name: string;
  readonly entries: readonly FileEntry[];
}

function foldersOf(files: readonly FileEntry[], filter: string): Folder[] {
  const wanted = filter.toLowerCase();
  const folders = new Map<string, FileEntry[]>([['user', []]]);
  for (const file of files) {
    if (!`${file.path} ${file.title}`.toLowerCase().includes(wanted)) continue;
    const name = file.path.split('/').slice(0, -1).join('/');
    const entries = folders.get(name) ?? [];
    entries.push(file);
    folders.set(name, entries);
  }
  return [...folders].map(([name, entries]) => ({ name, entries }));
}

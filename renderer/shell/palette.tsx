import { Command as Cmdk } from 'cmdk';
import { Dialog } from 'radix-ui';
import type { FileEntry } from '../../app/service/contract/workspace.ts';
import { useSelector, useWorkbench } from '../state/workbench.ts';
import { Icon } from '../widgets/icon.tsx';
import { commands, give, isEnabled } from './commands/index.ts';
import { label } from './keys.ts';

const KINDS = {
  commands: { title: 'Command palette', label: 'Commands', placeholder: 'What shall be done?' },
  files: { title: 'Go to file', label: 'Files', placeholder: 'Name of a scenario or file' },
  compare: { title: 'Compare with', label: 'Files', placeholder: 'Name of the file to compare with' },
} as const;

/** Finds commands and files by what one types. */
export function Palette() {
  const workbench = useWorkbench();
  const open = useSelector((state) => state.paletteOpen);
  const close = () => workbench.set({ paletteOpen: null });
  return (
    <Dialog.Root open={open !== null} onOpenChange={(stays) => !stays && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-backdrop" />
        <Dialog.Content className="palette" aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">{KINDS[open ?? 'commands'].title}</Dialog.Title>
          <Cmdk loop label={KINDS[open ?? 'commands'].label}>
            <Cmdk.Input placeholder={KINDS[open ?? 'commands'].placeholder} />
            <Cmdk.List>
              <Cmdk.Empty>Nothing matches.</Cmdk.Empty>
              {open === 'files' && (
                <Files
                  choose={(path) => {
                    close();
                    workbench.attempt(workbench.documents.open(path));
                  }}
                />
              )}
              {open === 'compare' && (
                <Files
                  choose={(path) => {
                    close();
                    workbench.documents.compare(path);
                  }}
                />
              )}
              {open === 'commands' && <Commands close={close} />}
            </Cmdk.List>
          </Cmdk>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Commands({ close }: { close: () => void }) {
  const workbench = useWorkbench();
  const enabled = commands.filter((command) => isEnabled(command, workbench.state));
  return enabled.map((command) => (
    <Cmdk.Item
      key={command.id}
      value={`${command.menu}: ${command.title}`}
      onSelect={() => {
        close();
        give(command, workbench);
      }}
    >
      <Icon name={command.icon ?? 'blank'} />
      <span className="dim">{command.menu}:</span> {command.title}
      {command.keys?.[0] !== undefined && <span className="keys">{label(command.keys[0])}</span>}
    </Cmdk.Item>
  ));
}

/** Files that were looked at lately come first; what is typed looks among all of them. */
function Files({ choose }: { choose: (path: string) => void }) {
  const files = useSelector((state) => state.files);
  const recent = useSelector((state) => state.recentFiles);
  const active = useSelector((state) => state.activeDocument);
  const byPath = new Map(files.map((file) => [file.path, file]));
  // The one in the editor is where one is already.
  const first = recent.filter((path) => path !== active).flatMap((path) => byPath.get(path) ?? []);
  const known = new Set(first.map(({ path }) => path));
  const item = ({ path, title }: FileEntry) => (
    <Cmdk.Item key={path} value={`${path} ${title}`} onSelect={() => choose(path)}>
      <Icon name="file" />
      {path}
      <span className="keys">{title}</span>
    </Cmdk.Item>
  );
  return (
    <>
      {first.length > 0 && <Cmdk.Group heading="Recent">{first.map(item)}</Cmdk.Group>}
      <Cmdk.Group heading="All files">{files.filter(({ path }) => !known.has(path)).map(item)}</Cmdk.Group>
    </>
  );
}

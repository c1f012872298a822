import { Command as Cmdk } from 'cmdk';
import { Dialog } from 'radix-ui';
import { useSelector, useWorkbench } from '../state/workbench.ts';
import { Icon } from '../widgets/icon.tsx';
import { commands, give, isEnabled } from './commands/index.ts';
import { label } from './keys.ts';

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
          <Dialog.Title className="visually-hidden">
            {open === 'files' ? 'Go to file' : 'Command palette'}
          </Dialog.Title>
          <Cmdk loop label={open === 'files' ? 'Files' : 'Commands'}>
            <Cmdk.Input
              placeholder={open === 'files' ? 'Name of a scenario or file' : 'What shall be done?'}
            />
            <Cmdk.List>
              <Cmdk.Empty>Nothing matches.</Cmdk.Empty>
              {open === 'files' ? <Files close={close} /> : <Commands close={close} />}
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

function Files({ close }: { close: () => void }) {
  const workbench = useWorkbench();
  const files = useSelector((state) => state.files);
  return files.map(({ path, title }) => (
    <Cmdk.Item
      key={path}
      value={`${path} ${title}`}
      onSelect={() => {
        close();
        workbench.attempt(workbench.documents.open(path));
      }}
    >
      <Icon name="file" />
      {path}
      <span className="keys">{title}</span>
    </Cmdk.Item>
  ));
}

import { Fragment } from 'react';
import { Menubar } from 'radix-ui';
import { useSelector, useWorkbench } from '../state/workbench.ts';
import { Icon } from '../widgets/icon.tsx';
import { menus, type Command, type MenuName } from './commands/command.ts';
import { commands, give, isEnabled } from './commands/index.ts';
import { label } from './keys.ts';

/** The menus of the page, for hosts without menus of their own. */
export function MenuBar() {
  return (
    <Menubar.Root className="menu-bar" aria-label="Main menu">
      {menus.map((name) => (
        <Menubar.Menu key={name}>
          <Menubar.Trigger asChild>
            <button>{name}</button>
          </Menubar.Trigger>
          <Menubar.Portal>
            <Menubar.Content className="menu" align="start" sideOffset={4} loop>
              <MenuItems name={name} />
            </Menubar.Content>
          </Menubar.Portal>
        </Menubar.Menu>
      ))}
    </Menubar.Root>
  );
}

function MenuItems({ name }: { name: MenuName }) {
  const items = commands.filter(({ menu }) => menu === name);
  const sections = [...new Set(items.map(({ section }) => section))].sort((a, b) => a - b);
  return sections.map((section, index) => (
    <Fragment key={section}>
      {index > 0 && <Menubar.Separator className="menu-separator" />}
      {items
        .filter((item) => item.section === section)
        .map((command) => (
          <Item key={command.id} command={command} />
        ))}
    </Fragment>
  ));
}

function Item({ command }: { command: Command }) {
  const workbench = useWorkbench();
  const enabled = useSelector((state) => isEnabled(command, state));
  const keys = command.keys?.[0];
  return (
    <Menubar.Item
      className="menu-item"
      disabled={!enabled}
      title={command.summary}
      onSelect={() => give(command, workbench)}
    >
      <Icon name={command.icon ?? 'blank'} />
      {command.title}
      {keys !== undefined && <span className="keys">{label(keys)}</span>}
    </Menubar.Item>
  );
}

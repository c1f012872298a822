import { Tooltip } from 'radix-ui';
import { useSelector, useWorkbench } from '../state/workbench.ts';
import { Icon } from '../widgets/icon.tsx';
import { findCommand, give, isEnabled } from './commands/index.ts';
import { label } from './keys.ts';

interface Props {
  readonly id: string;
  /** Shown beside the icon; without it the icon stands alone. */
  readonly text?: string;
  readonly className?: string;
  readonly icon?: string;
}

/** A command as a button: its tooltip names it and its shortcut. */
export function CommandButton({ id, text, className = '', icon }: Props) {
  const workbench = useWorkbench();
  const command = findCommand(id);
  const enabled = useSelector((state) => isEnabled(command, state));
  const keys = command.keys?.[0];
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button
          className={`${text === undefined ? 'icon ' : ''}${className}`}
          aria-label={text === undefined ? command.title : undefined}
          aria-disabled={!enabled}
          disabled={!enabled}
          onClick={() => give(command, workbench)}
        >
          <Icon name={icon ?? command.icon ?? 'blank'} />
          {text}
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" sideOffset={6}>
          {command.title}
          {keys !== undefined && <span className="dim"> ({label(keys)})</span>}
          {command.summary !== undefined && <div className="dim">{command.summary}</div>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

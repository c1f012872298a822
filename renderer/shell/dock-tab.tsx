import type { IDockviewPanelHeaderProps } from 'dockview-react';
import { useEffect, useState } from 'react';
import { findPanel } from '../panels/registry.ts';
import { Icon } from '../widgets/icon.tsx';
import { findCommand } from './commands/index.ts';
import { label } from './keys.ts';

/**
 * A panel's tab. Its cross is for the mouse alone: a tab may hold nothing that can be reached by itself, and the
 * command that closes a panel has a shortcut.
 */
export function DockTab({ api }: IDockviewPanelHeaderProps) {
  const [title, setTitle] = useState(api.title);
  useEffect(() => {
    const change = api.onDidTitleChange((event) => setTitle(event.title));
    return () => change.dispose();
  }, [api]);
  const [keys = ''] = findCommand('view.close-panel').keys ?? [];
  return (
    <div className="dock-tab" title={findPanel(api.id)?.summary}>
      {title}
      <span
        className="dock-tab-close"
        aria-hidden="true"
        title={`Close (${label(keys)})`}
        // Not the beginning of a drag.
        onPointerDown={(event) => event.preventDefault()}
        onClick={(event) => {
          event.stopPropagation();
          api.close();
        }}
      >
        <Icon name="close" />
      </span>
    </div>
  );
}

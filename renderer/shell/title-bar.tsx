import { useSelector, useWorkbench } from '../state/workbench.ts';
import { Icon } from '../widgets/icon.tsx';
import { findCommand } from './commands/index.ts';
import { label } from './keys.ts';
import { MenuBar } from './menu-bar.tsx';

/** Name, menus, and what is being worked on: a click on it finds anything else. */
export function TitleBar() {
  const workbench = useWorkbench();
  const name = useSelector(({ activeDocument, checks }) => {
    if (activeDocument === null) return null;
    return checks.get(activeDocument)?.name ?? activeDocument;
  });
  const nativeMenu = workbench.host.capabilities.nativeMenu;
  const [keys = ''] = findCommand('file.open').keys ?? [];
  return (
    <header className="title-bar">
      <h1 className="visually-hidden">Scythe workbench</h1>
      <img className="logo" src="./icon.svg" alt="" />
      {nativeMenu ? <strong>Scythe</strong> : <MenuBar />}
      <div className="command-centre">
        <button
          onClick={() => workbench.set({ paletteOpen: workbench.isViewer ? 'commands' : 'files' })}
          title={`Go to a file (${label(keys)})`}
        >
          <Icon name="search" />
          <span>{name ?? 'Find a scenario'}</span>
        </button>
      </div>
      <ShareBadge />
    </header>
  );
}

function ShareBadge() {
  const workbench = useWorkbench();
  const share = useSelector((state) => state.share);
  const following = useSelector((state) => state.following);
  if (workbench.isViewer) {
    return (
      <button aria-pressed={following} onClick={() => workbench.set({ following: !following })}>
        <Icon name="eye" />
        {following ? 'Following the presenter' : 'Looking around alone'}
      </button>
    );
  }
  if (!share.active) return null;
  const count = share.viewers.length;
  return (
    <button onClick={() => workbench.set({ dialog: 'share' })}>
      <Icon name="live-share" />
      Shared with {count === 1 ? '1 viewer' : `${count} viewers`}
    </button>
  );
}

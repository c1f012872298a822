import { useSelector, useWorkbench } from '../state/workbench.ts';
import { findCommand, give } from './commands/index.ts';
import { Icon } from '../widgets/icon.tsx';

const ICONS = { error: 'error', info: 'info', success: 'pass' } as const;

/** What has happened and needs no answer. Errors stay until they are dismissed. */
export function Toasts() {
  const workbench = useWorkbench();
  const toasts = useSelector((state) => state.toasts);
  return (
    <div className="toasts" role="log" aria-live="polite" aria-label="Messages">
      {toasts.map(({ id, kind, text, detail, command }) => (
        <div key={id} className={`toast ${kind}`}>
          <Icon name={ICONS[kind]} />
          <div>
            <div>
              <span className="visually-hidden">{kind}: </span>
              {text}
            </div>
            {detail !== null && <div className="dim">{detail}</div>}
            {command !== null && (
              <button
                className="link"
                onClick={() => {
                  workbench.dismiss(id);
                  give(findCommand(command), workbench);
                }}
              >
                {findCommand(command).title}
              </button>
            )}
          </div>
          <button className="icon" aria-label="Dismiss the message" onClick={() => workbench.dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}

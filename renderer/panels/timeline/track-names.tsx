import { Icon } from '../../widgets/icon.tsx';
import type { Row } from './rows.ts';
import { toggled, type TimelineStore } from './timeline-state.ts';

interface Props {
  readonly rows: readonly Row[];
  readonly store: TimelineStore;
  readonly scrollY: number;
  readonly zoom: number;
  readonly height: number;
}

/** The names beside the tracks: fold, pin. Only those in sight are there. */
export function TrackNames({ rows, store, scrollY, zoom, height }: Props) {
  const inSight = rows.filter(
    ({ y, height: own }) => (y + own) * zoom >= scrollY && y * zoom <= scrollY + height,
  );
  return (
    <div className="timeline-names" role="tree" aria-label="Tracks">
      {inSight.map(({ track, y, height: own, level, collapsed, pinned }) => (
        <div
          key={`${track.id}${pinned ? '!' : ''}`}
          role="treeitem"
          aria-level={level + 1}
          aria-selected={false}
          aria-expanded={collapsed === null ? undefined : !collapsed}
          className="timeline-name"
          data-kind={track.kind}
          title={track.description === '' ? track.name : `${track.name}: ${track.description}`}
          style={{ top: y * zoom - scrollY, height: own * zoom, paddingLeft: 4 + level * 12 }}
        >
          {collapsed === null ? (
            <span className="timeline-twist" />
          ) : (
            <button
              className="icon quiet timeline-twist"
              aria-label={`${collapsed ? 'Unfold' : 'Fold'} ${track.name}`}
              onClick={() => store.setState({ collapsed: toggled(store.getState().collapsed, track.id) })}
            >
              <Icon name={collapsed ? 'chevron-right' : 'chevron-down'} />
            </button>
          )}
          <span className="timeline-name-text">{track.name}</span>
          <button
            className="icon quiet timeline-pin"
            aria-pressed={pinned}
            aria-label={`${pinned ? 'Unpin' : 'Pin'} ${track.name}`}
            onClick={() => store.setState({ pinned: toggled(store.getState().pinned, track.id) })}
          >
            <Icon name={pinned ? 'pinned' : 'pin'} />
          </button>
        </div>
      ))}
    </div>
  );
}

import { useMemo } from 'react';
import { useStore } from 'zustand';
import type { TraceData } from '../../../app/service/contract/trace.ts';
import { Icon } from '../../widgets/icon.tsx';
import { saveFile } from '../../widgets/save-file.ts';
import { drawTracks, type Scene } from './draw.ts';
import { findAll } from './find.ts';
import type { Hit } from './hit.ts';
import { selectMatch } from './matches.ts';
import type { Row } from './rows.ts';
import { CanvasSurface, SvgSurface } from './surface.ts';
import type { TimelineStore } from './timeline-state.ts';
import type { Size } from './use-size.ts';
import { whole, zoomed } from './viewport.ts';

interface Props {
  readonly trace: TraceData;
  readonly store: TimelineStore;
  readonly scene: Scene;
  readonly size: Size;
  readonly rows: readonly Row[];
  readonly select: (hit: Hit | null) => void;
}

/** Search, filter, zoom and pictures. */
export function Controls({ trace, store, scene, size, rows, select }: Props) {
  const { search, filter, allFlows, bookmarks } = useStore(store);
  const count = useMemo(() => findAll(trace, search).length, [trace, search]);
  const zoom = (factor: number) => {
    const { view } = store.getState();
    store.setState({ view: zoomed(view, factor, (view.startNs + view.endNs) / 2, trace) });
  };
  const next = (direction: 1 | -1) => selectMatch(direction, { store, trace, rows, select });
  return (
    <div className="panel-bar">
      <input
        type="search"
        placeholder="Search events"
        aria-label="Search events"
        value={search}
        onChange={({ target }) => store.setState({ search: target.value })}
        onKeyDown={({ key, shiftKey }) => {
          if (key === 'Enter') next(shiftKey ? -1 : 1);
        }}
      />
      {search !== '' && (
        <span className="dim" role="status">
          {count === 0 ? 'nothing found' : `${count} found`}
        </span>
      )}
      <button
        className="icon"
        aria-label="Match before"
        title="Match before (Shift+Enter)"
        onClick={() => next(-1)}
      >
        <Icon name="arrow-up" />
      </button>
      <button className="icon" aria-label="Next match" title="Next match (Enter)" onClick={() => next(1)}>
        <Icon name="arrow-down" />
      </button>
      <input
        type="search"
        placeholder="Filter tracks"
        aria-label="Filter tracks"
        value={filter}
        onChange={({ target }) => store.setState({ filter: target.value, scrollY: 0 })}
      />
      <button className="icon" aria-label="Zoom in" title="Zoom in (W)" onClick={() => zoom(0.6)}>
        <Icon name="zoom-in" />
      </button>
      <button className="icon" aria-label="Zoom out" title="Zoom out (S)" onClick={() => zoom(1 / 0.6)}>
        <Icon name="zoom-out" />
      </button>
      <button
        className="icon"
        aria-label="Show all"
        title="Show all (Home)"
        onClick={() => store.setState({ view: whole(trace) })}
      >
        <Icon name="screen-full" />
      </button>
      <button
        aria-pressed={allFlows}
        title="Arrows for wake-ups, lock hand-overs, callbacks, and frees of what is used later"
        onClick={() => store.setState({ allFlows: !allFlows })}
      >
        <Icon name="references" /> Arrows
      </button>
      {bookmarks.length > 0 && (
        <button title="Take all bookmarks away" onClick={() => store.setState({ bookmarks: [] })}>
          <Icon name="bookmark" /> {bookmarks.length}
        </button>
      )}
      <button
        className="icon"
        aria-label="Save a picture as PNG"
        title="Save what is shown as PNG"
        onClick={() => savePng(scene, size)}
      >
        <Icon name="file-media" />
      </button>
      <button
        className="icon"
        aria-label="Save a picture as SVG"
        title="Save what is shown as SVG"
        onClick={() => {
          const picture = new SvgSurface(size.width, size.height, scene.palette.background);
          drawTracks(picture, { ...scene, zoom: 1 });
          saveFile('timeline.svg', 'image/svg+xml', picture.toString());
        }}
      >
        <Icon name="device-camera" />
      </button>
    </div>
  );
}

/** Pictures are twice as fine as the screen: they are looked at on paper and on projectors. */
const PNG_SCALE = 2;

function savePng(scene: Scene, { width, height }: Size): void {
  const canvas = document.createElement('canvas');
  canvas.width = width * PNG_SCALE;
  canvas.height = height * PNG_SCALE;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(PNG_SCALE, PNG_SCALE);
  drawTracks(new CanvasSurface(context, width, height, scene.zoom), scene);
  canvas.toBlob((blob) => {
    if (blob === null) return;
    void blob.arrayBuffer().then((bytes) => saveFile('timeline.png', 'image/png', new Uint8Array(bytes)));
  });
}

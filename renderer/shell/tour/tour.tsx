import './tour.css';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { Icon } from '../../widgets/icon.tsx';
import { leave, stations, type Memory, type Station } from './stations.ts';

/** The tour, if one is on: a small dialog beside what it speaks of. All else stays usable. */
export function Tour() {
  const at = useSelector((state) => state.tour);
  const memory = useRef<Memory>({ broken: null, fixed: null });
  const station = at === null ? undefined : stations[at];
  return at === null || station === undefined ? null : (
    <Stop key={at} at={at} station={station} memory={memory.current} />
  );
}

function Stop({ at, station, memory }: { at: number; station: Station; memory: Memory }) {
  const workbench = useWorkbench();
  const [ready, setReady] = useState(false);
  const next = useRef<HTMLButtonElement>(null);
  const last = at === stations.length - 1;

  useEffect(() => {
    let here = true;
    let unmark = () => {};
    const arrive = async () => {
      await station.enter(workbench, memory);
      if (!here) return;
      setReady(true);
      unmark = mark(station.panel);
    };
    workbench.attempt(
      arrive().catch((error: unknown) => {
        // Whoever cannot go on here may still go on from here.
        if (here) setReady(true);
        throw error;
      }),
    );
    return () => {
      here = false;
      unmark();
    };
  }, [workbench, station, memory]);
  useEffect(() => {
    if (ready) next.current?.focus({ preventScroll: true });
  }, [ready]);

  const go = (to: number | null) => {
    if (to === null || to >= stations.length) {
      workbench.set({ tour: null });
      leave(workbench);
    } else if (to >= 0) workbench.set({ tour: to });
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Escape') go(null);
    else if (event.key === 'ArrowRight' && ready) go(at + 1);
    else if (event.key === 'ArrowLeft' && ready) go(at - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section
      className="tour"
      role="dialog"
      aria-modal="false"
      aria-labelledby="tour-title"
      aria-describedby="tour-text"
      data-beside={station.panel}
      onKeyDown={keys}
    >
      <header>
        <h2 id="tour-title">{station.title}</h2>
        <span className="dim">
          {at + 1} of {stations.length}
        </span>
      </header>
      <p id="tour-text">{station.text}</p>
      <p className="tour-waiting" role="status">
        {!ready && (
          <>
            <Icon name="loading" /> One moment, the kernel is running …
          </>
        )}
      </p>
      <footer>
        <button className="quiet" onClick={() => go(null)}>
          {last ? 'Close' : 'Skip the tour'}
        </button>
        <span className="spring" />
        <button onClick={() => go(at - 1)} disabled={at === 0}>
          Back
        </button>
        <button ref={next} className="primary" onClick={() => go(at + 1)} disabled={!ready}>
          {last ? 'Done' : 'Next'}
        </button>
      </footer>
    </section>
  );
}

/** Draws a frame around a panel, until the function that it returns is called. */
function mark(panel: string): () => void {
  let marked: Element | null = null;
  // A panel that is shown for the first time is loaded first.
  const look = () => {
    marked = document.querySelector(`[data-panel='${panel}']`);
    marked?.setAttribute('data-tour', '');
    if (marked !== null) observer.disconnect();
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true });
  look();
  return () => {
    observer.disconnect();
    marked?.removeAttribute('data-tour');
  };
}

// Makes an exported session come alive: the timeline, and a table of events that can be searched. Runs in a page
// that is opened from a disk, long after the workbench is gone: it needs nothing but the page itself.
import '../styles/themes.css';
import './page.css';
import { eventTable } from './events.ts';
import { readTrace } from './read-trace.ts';
import { timeline } from './timeline.ts';

const darkness = matchMedia('(prefers-color-scheme: dark)');

/** Paper is white, whatever the screen is. */
function applyTheme(printing = false): void {
  document.documentElement.dataset['theme'] = darkness.matches && !printing ? 'dark' : 'light';
}

async function start(): Promise<void> {
  const events = document.getElementById('event-lines');
  if (events !== null) eventTable(events);
  const data = document.getElementById('trace');
  const place = document.getElementById('timeline-view');
  if (data === null || place === null) return;
  const shown = timeline(place, await readTrace(data.textContent));
  const redraw = (printing = false) => {
    applyTheme(printing);
    shown.draw();
  };
  darkness.addEventListener('change', () => redraw());
  addEventListener('beforeprint', () => redraw(true));
  addEventListener('afterprint', () => redraw());
}

applyTheme();
start().catch((error: unknown) => {
  const place = document.getElementById('timeline-view');
  if (place === null) return;
  const why = error instanceof Error ? error.message : String(error);
  place.textContent = `The timeline cannot be shown: ${why}. All else on this page is complete.`;
});

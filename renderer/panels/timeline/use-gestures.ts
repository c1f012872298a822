import { useEffect, useRef, type RefObject } from 'react';
import type { Hit } from './hit.ts';
import type { TimelineStore } from './timeline-state.ts';
import { panned, Scale, zoomed, type Bounds } from './viewport.ts';

interface Gestures {
  readonly store: TimelineStore;
  readonly bounds: Bounds;
  readonly mostScroll: number;
  readonly hitAt: (x: number, y: number) => Hit | null;
  readonly select: (hit: Hit | null) => void;
}

/** Less than this is a click, not a drag (pixels). */
const CLICK = 4;
const WHEEL_ZOOM = 0.0022;

/** Wheel and pointer: scroll, Ctrl+wheel zooms, drag moves, Shift+drag measures, click selects. */
export function useGestures(area: RefObject<HTMLElement | null>, gestures: Gestures): void {
  const latest = useRef(gestures);
  useEffect(() => {
    latest.current = gestures;
  });
  useEffect(() => {
    const element = area.current;
    if (element === null) return;
    let drag: {
      x: number;
      y: number;
      startNs: number;
      scrollY: number;
      measuring: boolean;
      moved: boolean;
    } | null = null;

    const scaleNow = () => new Scale(latest.current.store.getState().view, element.clientWidth);
    const scrollTo = (y: number) => {
      const { store, mostScroll } = latest.current;
      store.setState({ scrollY: Math.max(0, Math.min(mostScroll, y)) });
    };

    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const { store, bounds } = latest.current;
      const { view, scrollY } = store.getState();
      if (event.ctrlKey || event.metaKey) {
        const factor = Math.exp(event.deltaY * WHEEL_ZOOM);
        store.setState({ view: zoomed(view, factor, scaleNow().ns(event.offsetX), bounds) });
        return;
      }
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (sideways !== 0) store.setState({ view: panned(view, sideways / element.clientWidth, bounds) });
      if (!event.shiftKey && event.deltaY !== 0) scrollTo(scrollY + event.deltaY);
    };

    const down = (event: PointerEvent) => {
      if (event.button !== 0) return;
      element.focus();
      element.setPointerCapture(event.pointerId);
      const { scrollY } = latest.current.store.getState();
      drag = {
        x: event.offsetX,
        y: event.offsetY,
        startNs: scaleNow().ns(event.offsetX),
        scrollY,
        measuring: event.shiftKey,
        moved: false,
      };
    };

    const move = (event: PointerEvent) => {
      const { store, bounds, hitAt } = latest.current;
      const { offsetX: x, offsetY: y } = event;
      if (drag === null) {
        const hit = hitAt(x, y);
        store.setState({ hover: hit === null || hit.kind === 'row' ? null : { x, y, hit } });
        return;
      }
      if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < CLICK) return;
      drag.moved = true;
      const scale = scaleNow();
      if (drag.measuring) {
        store.setState({ measure: { fromNs: drag.startNs, toNs: scale.ns(x) } });
        return;
      }
      // The moment that was taken hold of stays under the pointer.
      const share = (drag.startNs - scale.ns(x)) / (scale.view.endNs - scale.view.startNs);
      store.setState({ view: panned(scale.view, share, bounds), hover: null });
      scrollTo(drag.scrollY - (y - drag.y));
    };

    const up = (event: PointerEvent) => {
      const { store, hitAt, select } = latest.current;
      if (drag !== null && !drag.moved) {
        if (store.getState().measure !== null) store.setState({ measure: null });
        select(hitAt(event.offsetX, event.offsetY));
      }
      drag = null;
    };
    const leave = () => latest.current.store.setState({ hover: null });

    element.addEventListener('wheel', wheel, { passive: false });
    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointerleave', leave);
    return () => {
      element.removeEventListener('wheel', wheel);
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointerleave', leave);
    };
  }, [area]);
}

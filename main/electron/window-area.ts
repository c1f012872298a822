import type { Area } from '../../app/service/area.ts';
import type { TopicEvent } from '../../app/service/contract/contract.ts';

type Opened = TopicEvent<'window/opened'>;

/** The window, as the service uses it. */
export interface WindowControl {
  setProgress(value: number | null): void;
  isFocused(): boolean;
  notify(title: string, body: string): void;
}

/** The part of the service that needs windows. What was opened before the page listened is kept for it. */
export function windowArea(control: WindowControl): Area & { opened(what: Opened): void } {
  const listeners = new Set<(event: Opened) => void>();
  let waiting: Opened[] = [];
  return {
    opened: (what) => {
      if (listeners.size === 0) waiting.push(what);
      for (const listener of listeners) listener(what);
    },
    methods: {
      'window/progress': ({ value }) => {
        control.setProgress(value);
        return {};
      },
      'window/notify': ({ title, body }) => {
        if (!control.isFocused()) control.notify(title, body);
        return {};
      },
    },
    topics: {
      'window/opened': (_params, emit) => {
        listeners.add(emit);
        for (const event of waiting) emit(event);
        waiting = [];
        return () => listeners.delete(emit);
      },
    },
  };
}

import type { Observer } from './observer.ts';

/** One observer that hands everything on to several, in the order given. */
export function together(observers: readonly Observer[]): Observer {
  const forewarned = observers.filter((observer) => observer.performing !== undefined);
  return {
    ...(forewarned.length === 0
      ? {}
      : {
          performing: (task, operation) => {
            for (const observer of forewarned) observer.performing?.(task, operation);
          },
        }),
    operation: (task, operation, result) => {
      for (const observer of observers) observer.operation?.(task, operation, result);
    },
    entered: (task, frame) => {
      for (const observer of observers) observer.entered?.(task, frame);
    },
    left: (task, frame, result) => {
      for (const observer of observers) observer.left?.(task, frame, result);
    },
    forgot: (task, values) => {
      for (const observer of observers) observer.forgot?.(task, values);
    },
    blocked: (task, operation) => {
      for (const observer of observers) observer.blocked?.(task, operation);
    },
    unblocked: (task, operation) => {
      for (const observer of observers) observer.unblocked?.(task, operation);
    },
    spawned: (task) => {
      for (const observer of observers) observer.spawned?.(task);
    },
    ended: (task) => {
      for (const observer of observers) observer.ended?.(task);
    },
    said: (task, kind, text) => {
      for (const observer of observers) observer.said?.(task, kind, text);
    },
  };
}

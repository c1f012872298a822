/**
 * Moments that checkers may listen to, beyond the machine's operations. A file that has such a moment adds
 * it here, and calls `kernel().hooks.emit(...)`; a checker calls `hooks.on(...)` when it is attached.
 */
export interface HookSignatures {
  /** The run has come to its end; nothing will be scheduled any more. */
  endOfRun: () => void;
}

type Listeners = { [Name in keyof HookSignatures]?: HookSignatures[Name][] };

export class Hooks {
  private readonly listeners: Listeners = {};

  on<Name extends keyof HookSignatures>(name: Name, listener: HookSignatures[Name]): void {
    const list: HookSignatures[Name][] = this.listeners[name] ?? [];
    list.push(listener);
    (this.listeners as Record<Name, HookSignatures[Name][]>)[name] = list;
  }

  /** Calls the listeners in the order in which they were attached. */
  emit<Name extends keyof HookSignatures>(name: Name, ...args: Parameters<HookSignatures[Name]>): void {
    const list = this.listeners[name] as ((...args: Parameters<HookSignatures[Name]>) => void)[] | undefined;
    if (list === undefined) return;
    for (const listener of list) listener(...args);
  }
}

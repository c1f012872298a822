import { withEntry, withoutEntry } from './state.ts';
import type { Workbench } from './workbench.ts';

/** Guests: emulated virtme-ng sessions, each a terminal. */
export class Guests {
  constructor(private readonly workbench: Workbench) {}

  async begin(): Promise<void> {
    const { workbench } = this;
    const { guests } = await workbench.host.call('guest/list', {});
    workbench.set({ guests: new Map(guests.map((guest) => [guest.id, guest])) });
    if (workbench.state.activeGuest === null && guests[0] !== undefined) {
      workbench.set({ activeGuest: guests[0].id });
    }
    workbench.host.subscribe('guest/events', {}, (event) => {
      const { guests: known, activeGuest } = workbench.state;
      if (event.type === 'changed') {
        workbench.set({ guests: withEntry(known, event.guest.id, event.guest) });
      } else if (event.type === 'closed') {
        const rest = withoutEntry(known, event.id);
        workbench.set({
          guests: rest,
          activeGuest: activeGuest === event.id ? ([...rest.keys()].at(-1) ?? null) : activeGuest,
        });
      } else {
        workbench.set({ activeGuest: event.id });
        workbench.toast('error', event.title, `Reported by guest ${event.id}`, 'guest.timeline');
      }
    });
  }

  /** Boots a guest with the kernel of the active scenario and of the kernel panel. */
  async open(args: readonly string[] | null = null): Promise<void> {
    const { workbench } = this;
    const guest = await workbench.host.call('guest/open', {
      args: [...(args ?? (await this.argumentsOfKernel()))],
      title: 'vng',
      cols: 100,
      rows: 30,
    });
    workbench.set({
      guests: withEntry(workbench.state.guests, guest.id, guest),
      activeGuest: guest.id,
    });
    workbench.layout?.show('console');
  }

  async close(id: string): Promise<void> {
    await this.workbench.host.call('guest/close', { id });
  }

  /** What would have to be typed to get the same kernel from `vng`. */
  async argumentsOfKernel(): Promise<string[]> {
    const { activeDocument, catalogue } = this.workbench.state;
    if (activeDocument === null || !activeDocument.endsWith('.yaml')) return [];
    const { kernel, issues } = await this.workbench.kernels.resolve();
    if (issues.length > 0) return [];
    const config = Object.entries(kernel.config).filter(
      ([name, value]) => catalogue?.options.find((option) => option.name === name)?.default !== value,
    );
    return [
      ...['--run', kernel.tree, '--cpus', String(kernel.cpus), '--memory', kernel.memory],
      ...kernel.patches.flatMap((patch) => ['--patch', patch]),
      ...config.flatMap(([name, value]) => ['--configitem', `CONFIG_${name}=${kconfigText(value)}`]),
      ...kernel.append.flatMap((argument) => ['--append', argument]),
    ];
  }
}

function kconfigText(value: boolean | number): string {
  if (typeof value === 'number') return String(value);
  return value ? 'y' : 'n';
}

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Area, TopicEvent } from '../area.ts';
import { ServiceError } from '../contract/wire.ts';
import { Guest, type VngProgram } from './guest.ts';
import { spawnPty, type SpawnPty } from './pty.ts';

type GuestEvent = TopicEvent<'guest/events'>;

/** More guests at once would leave no core for anything else. */
const MOST_GUESTS = 16;

export interface GuestsOptions {
  /** Null where there is no program to start. */
  readonly program: VngProgram | null;
  /** The user's files, where guests are started. */
  readonly folder: string;
  readonly stateDir: string;
  readonly spawn?: SpawnPty;
}

export interface Guests {
  readonly area: Area;
  /** What was typed into a guest, as a scenario, with the seed that it was booted with. */
  scenarioOf(id: string): Promise<{ readonly text: string; readonly title: string; readonly seed: number }>;
}

/** `vng` as the bundle has it, run by this very Node. Null when run from the sources. */
export function bundledVng(): VngProgram | null {
  if (import.meta.url.endsWith('.ts')) return null;
  for (const place of ['../vng/vng.js', './vng/vng.js', './vng.js']) {
    const file = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(file)) return { file: process.execPath, args: [file], env: { ELECTRON_RUN_AS_NODE: '1' } };
  }
  return null;
}

/** Guests, each in a pseudo terminal of its own. */
export function createGuests({ program, folder, stateDir, spawn = spawnPty }: GuestsOptions): Guests {
  const guests = new Map<string, Guest>();
  const listeners = new Set<(event: GuestEvent) => void>();
  let ids = 0;

  const tell = (event: GuestEvent): void => {
    for (const listener of [...listeners]) listener(event);
  };
  const find = (id: string): Guest => {
    const guest = guests.get(id);
    if (guest === undefined) throw new ServiceError('not-found', `there is no guest ${id}`);
    return guest;
  };
  const close = (id: string): void => {
    guests.get(id)?.close();
    if (guests.delete(id)) tell({ type: 'closed', id });
  };

  const area: Area = {
    methods: {
      'guest/open': async ({ args, title, cols, rows }) => {
        if (program === null) {
          throw new ServiceError('unavailable', 'there is no vng to start', 'run `npm run build`');
        }
        if (guests.size >= MOST_GUESTS) {
          throw new ServiceError('too-large', `${MOST_GUESTS} guests are open`, 'close some of them');
        }
        const id = `guest-${++ids}`;
        const guest = new Guest({
          ...{ id, title, args, cols, rows, program, spawn, folder, stateDir },
          onChange: () => {
            if (guests.has(id)) tell({ type: 'changed', guest: guest.info });
          },
          onReport: (report) => tell({ type: 'report', id, ...report }),
        });
        guests.set(id, guest);
        try {
          await guest.start();
        } catch (error) {
          close(id);
          throw error;
        }
        return guest.info;
      },
      'guest/list': () => ({ guests: [...guests.values()].map(({ info }) => info) }),
      'guest/input': ({ id, data }) => {
        find(id).input(data);
        return {};
      },
      'guest/resize': ({ id, cols, rows }) => {
        find(id).resize(cols, rows);
        return {};
      },
      'guest/control': async ({ id, action }) => {
        const guest = find(id);
        if (action === 'restart') await guest.restart();
        else if (action === 'kill') guest.kill();
        else await guest.order({ command: action });
        return {};
      },
      'guest/realtime': async ({ id, factor }) => {
        await find(id).order({ command: 'realtime', factor });
        return {};
      },
      'guest/record': async ({ id, format }) => {
        const guest = find(id);
        return { text: format === 'asciicast' ? guest.castText() : await guest.scenarioText() };
      },
      'guest/close': ({ id }) => {
        find(id);
        close(id);
        return {};
      },
    },
    topics: {
      'guest/output': ({ id }, emit) =>
        find(id).view((data) => {
          emit({ data });
        }),
      'guest/events': (_params, emit) => {
        listeners.add(emit);
        for (const { info } of guests.values()) emit({ type: 'changed', guest: info });
        return () => listeners.delete(emit);
      },
    },
    dispose: () => {
      for (const id of [...guests.keys()]) close(id);
      listeners.clear();
    },
  };
  return {
    area,
    scenarioOf: async (id) => {
      const guest = find(id);
      return { text: await guest.scenarioText(), title: guest.info.title, seed: guest.seed };
    },
  };
}

import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Workbench } from '../../state/workbench.ts';
import type { PresetName } from '../presets.ts';

let stations: (typeof import('./stations.ts'))['stations'];
let leave: (typeof import('./stations.ts'))['leave'];

beforeAll(async () => {
  // Shortcuts are shown as the browser's system has them.
  vi.stubGlobal('navigator', { platform: 'Linux' });
  ({ stations, leave } = await import('./stations.ts'));
});

/** A workbench that remembers what it was asked for; runs are done at once. */
function workbench() {
  const asked: string[] = [];
  let started = 0;
  const state = { runs: new Map<string, unknown>(), activeRun: null as string | null, activeDocument: '' };
  const fake = {
    state,
    store: { subscribe: () => () => undefined },
    set: (change: object) => asked.push(`set ${JSON.stringify(change)}`),
    layout: {
      apply: (name: PresetName) => asked.push(`layout ${name}`),
      show: (panel: string) => asked.push(`show ${panel}`),
    },
    documents: {
      open: (path: string) => {
        state.activeDocument = path;
        return Promise.resolve();
      },
    },
    kernels: {
      change: ({ patches }: { patches: string[] }) => asked.push(`patches ${patches.join()}`),
      reset: () => asked.push('no patches'),
    },
    runs: {
      start: () => {
        state.activeRun = `run-${++started}`;
        asked.push(`start ${state.activeRun}`);
        const summary = { reports: started === 1 ? [{ step: 2370 }] : [] };
        state.runs.set(state.activeRun, { state: 'done', summary });
        return Promise.resolve();
      },
      activate: (id: string) => {
        state.activeRun = id;
        asked.push(`activate ${id}`);
      },
      log: () => Promise.resolve([]),
      moveTo: (step: number) => asked.push(`to ${step}`),
      seek: (direction: string) => {
        asked.push(`seek ${direction}`);
        return Promise.resolve(true);
      },
    },
  };
  return { asked, workbench: fake as unknown as Workbench };
}

describe('the tour', () => {
  test('runs the case and its fix once each, whichever way one goes, and compares them', async () => {
    const { asked, workbench: bench } = workbench();
    const memory = { broken: null, fixed: null };
    for (const at of [0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 6]) await stations[at]?.enter(bench, memory);
    expect(asked.filter((each) => each.startsWith('start'))).toEqual(['start run-1', 'start run-2']);
    expect(memory).toEqual({ broken: 'run-1', fixed: 'run-2' });
    expect(asked).toContain('to 2370');
    expect(asked.at(-2)).toBe('set {"otherRun":"run-1"}');
    expect(bench.state.activeRun).toBe('run-2');
    leave(bench);
    expect(asked.at(-1)).toBe('no patches');
  });

  test('speaks of panels that there are, and names shortcuts', () => {
    expect(stations.length).toBeGreaterThanOrEqual(5);
    for (const { panel, text, title } of stations) {
      expect(existsSync(new URL(`../../panels/${panel}`, import.meta.url)), title).toBe(true);
      expect(text).not.toContain('undefined');
    }
    expect(stations.map(({ text }) => text).join(' ')).toMatch(/F5 .*F11 /s);
  });
});

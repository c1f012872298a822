import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawTracks } from './draw.ts';
import { findAll } from './find.ts';
import { hitAt } from './hit.ts';
import { contentOf, lowerBound } from './lanes.ts';
import { rowAt, rowsOf, totalHeight } from './rows.ts';
import { SvgSurface, type Surface } from './surface.ts';
import { traceOf, type TestSlice } from './testing/trace.ts';
import { ticksOf } from './ticks.ts';
import { around, panned, Scale, showing, whole, zoomed } from './viewport.ts';

const bounds = { startNs: 0, endNs: 1000 };
const palette = {
  background: '#000',
  raised: '#111',
  border: '#222',
  text: '#fff',
  dim: '#999',
  onData: '#000',
  accent: '#0f0',
  selection: '#0ff',
  report: '#f00',
  names: ['#abc'],
  categories: new Map([['dense', '#888']]),
};

describe('the part of time that is shown', () => {
  test('keeps the moment under the pointer where it is when it is zoomed', () => {
    const view = zoomed({ startNs: 100, endNs: 300 }, 0.5, 150, bounds);
    expect(view).toEqual({ startNs: 125, endNs: 225 });
    expect(new Scale(view, 400).x(150)).toBe(new Scale({ startNs: 100, endNs: 300 }, 400).x(150));
  });

  test('never leaves the trace, whatever is done', () => {
    const most = whole(bounds);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0.1, max: 10, noNaN: true }), fc.integer({ min: -50, max: 50 }))),
        (steps) => {
          let view = most;
          for (const [factor, share] of steps) {
            view = panned(zoomed(view, factor, 500, bounds), share / 10, bounds);
            expect(view.startNs).toBeGreaterThanOrEqual(most.startNs - 1e-6);
            expect(view.endNs).toBeLessThanOrEqual(most.endNs + 1e-6);
            expect(view.endNs - view.startNs).toBeGreaterThan(0);
          }
        },
      ),
    );
  });

  test('moves only if a moment is out of sight', () => {
    const view = { startNs: 100, endNs: 200 };
    expect(showing(view, 150, bounds)).toBe(view);
    const moved = showing(view, 600, bounds);
    expect(moved).toEqual({ startNs: 550, endNs: 650 });
    expect(around(400, 400, bounds).endNs - around(400, 400, bounds).startNs).toBeCloseTo(20);
  });
});

test('ticks are round, and their labels tell them apart', () => {
  const labels = ticksOf({ startNs: 802_600_000, endNs: 802_605_000 }, 800).map(({ label }) => label);
  expect(labels.length).toBeGreaterThan(3);
  expect(new Set(labels).size).toBe(labels.length);
  expect(labels[0]).toBe('0.802600 s');
});

describe('tracks', () => {
  const tracks = [
    { id: 1, kind: 'group' as const, name: 'Tasks' },
    { id: 2, parent: 1, name: 'oom_reaper' },
    { id: 3, parent: 1, name: 'simple_kvm' },
  ];
  const trace = traceOf(tracks, [
    { track: 2, name: 'oom_reap_task', startNs: 0, endNs: 100 },
    { track: 2, name: '__oom_reap_task_mm', startNs: 10, endNs: 90, depth: 1 },
    { track: 3, name: 'do_exit', startNs: 50, endNs: 70 },
  ]);
  const contents = contentOf(trace);
  const none = new Set<number>();
  const rows = rowsOf({ tracks: trace.tracks, contents, collapsed: none, pinned: none, filter: '' });

  test('stand below their group, deep ones higher than flat ones', () => {
    expect(rows.map(({ track, level }) => [track.name, level])).toEqual([
      ['Tasks', 0],
      ['oom_reaper', 1],
      ['simple_kvm', 1],
    ]);
    expect(rows[1]?.height).toBe(2 * (rows[2]?.height ?? 0));
    expect(rowAt(rows, (rows[2]?.y ?? 0) + 1)).toBe(2);
    expect(rowAt(rows, totalHeight(rows) + 5)).toBe(-1);
  });

  test('are left out when their group is folded, come first when pinned, and are filtered by name', () => {
    const names = (wishes: object) =>
      rowsOf({ tracks: trace.tracks, contents, collapsed: none, pinned: none, filter: '', ...wishes }).map(
        ({ track }) => track.name,
      );
    expect(names({ collapsed: new Set([1]) })).toEqual(['Tasks']);
    expect(names({ pinned: new Set([3]) })).toEqual(['simple_kvm', 'Tasks', 'oom_reaper']);
    expect(names({ filter: 'reaper' })).toEqual(['Tasks', 'oom_reaper']);
  });

  test('give what is under the pointer, by depth', () => {
    const scale = new Scale({ startNs: 0, endNs: 100 }, 1000);
    const y = (rows[1]?.y ?? 0) + 20;
    expect(hitAt(rows, 500, y, scale)).toMatchObject({ kind: 'slice', index: 1 });
    expect(hitAt(rows, 950, y, scale)).toMatchObject({ kind: 'row' });
    expect(hitAt(rows, 950, y - 15, scale)).toMatchObject({ kind: 'slice', index: 0 });
  });

  test('are searched by name, in the order of time', () => {
    expect(findAll(trace, 'OOM_REAP').map(({ ns }) => ns)).toEqual([0, 10]);
    expect(findAll(trace, ' ')).toEqual([]);
  });
});

test('the first place whose value is at least so much is found', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 50 })),
      fc.integer({ min: 0, max: 50 }),
      (values, wanted) => {
        const column = Float64Array.from(values.sort((a, b) => a - b));
        const place = lowerBound(column, wanted);
        expect(values.slice(0, place).every((value) => value < wanted)).toBe(true);
        expect(values.slice(place).every((value) => value >= wanted)).toBe(true);
      },
    ),
  );
});

describe('drawing', () => {
  function picture(slices: readonly TestSlice[], view: { startNs: number; endNs: number }) {
    const trace = traceOf([{ id: 1 }], slices);
    const contents = contentOf(trace);
    const none = new Set<number>();
    const rows = rowsOf({ tracks: trace.tracks, contents, collapsed: none, pinned: none, filter: '' });
    const drawn: { x: number; width: number; colour: string }[] = [];
    const surface: Surface = {
      width: 1000,
      height: 100,
      rect: (x, _y, width, _height, colour) => drawn.push({ x, width, colour }),
      text: () => {},
      line: () => {},
      area: () => {},
      arrow: () => {},
      diamond: () => {},
    };
    drawTracks(surface, { trace, rows, view, scrollY: 0, zoom: 1, palette, selected: null, search: '' });
    return drawn.filter(({ colour }) => colour === '#abc' || colour === '#888');
  }

  test('a hundred thousand slices cost no more rectangles than there are pixels', () => {
    const slices = Array.from({ length: 100_000 }, (_, at) => ({
      track: 1,
      name: 'f',
      startNs: at * 10,
      endNs: at * 10 + 5,
    }));
    const drawn = picture(slices, { startNs: 0, endNs: 1_000_000 });
    expect(drawn.length).toBeLessThanOrEqual(1000);
    expect(drawn.reduce((sum, { width }) => sum + width, 0)).toBeGreaterThan(900);
  });

  test('a slice that is long is drawn, even if it begins in a pixel with many short ones', () => {
    const short = Array.from({ length: 50 }, (_, at) => ({
      track: 1,
      name: 's',
      startNs: at / 100,
      endNs: at / 100 + 0.001,
    }));
    const drawn = picture([...short, { track: 1, name: 'long', startNs: 0.6, endNs: 900 }], {
      startNs: 0,
      endNs: 1000,
    });
    expect(drawn.some(({ width, colour }) => colour === '#abc' && width > 800)).toBe(true);
  });

  test('a slice that begins before the window is drawn in it', () => {
    const drawn = picture([{ track: 1, name: 'f', startNs: 0, endNs: 1000 }], { startNs: 400, endNs: 500 });
    expect(drawn).toEqual([{ x: -2, width: 1003, colour: '#abc' }]);
  });

  test('of instants in one pixel a report is shown', () => {
    const trace = traceOf(
      [{ id: 1 }],
      [],
      [
        [1, 'event', 100],
        [1, 'BUG', 101],
        [1, 'event', 102],
        [1, 'event', 900],
      ],
    );
    trace.instants.flags[1] = 1;
    const none = new Set<number>();
    const rows = rowsOf({
      ...{ tracks: trace.tracks, contents: contentOf(trace) },
      ...{ collapsed: none, pinned: none, filter: '' },
    });
    const surface = new SvgSurface(100, 40, '#000');
    const view = { startNs: 0, endNs: 1000 };
    drawTracks(surface, { trace, rows, view, scrollY: 0, zoom: 1, palette, selected: null, search: '' });
    expect(String(surface)).toContain(palette.report);
    expect(String(surface)).toContain('>BUG<');
  });

  test('a picture file escapes names', () => {
    const surface = new SvgSurface(100, 20, '#000');
    surface.text('<script>&', 0, 10, 100, '#fff');
    expect(String(surface)).toContain('&lt;script&gt;&amp;');
  });
});

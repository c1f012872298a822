import { PbfReader } from 'pbf';
import { expect, test } from 'vitest';
import { TraceBuilder } from '../store/builder.ts';
import { toPerfetto } from './perfetto.ts';

interface Packet {
  timestamp: number;
  sequence: number;
  event: { type: number; track: number; name: string; value: number; flow: number; end: number } | null;
  descriptor: { uuid: number; name: string; parent: number } | null;
}

/** Reads the packets again, by the field numbers of Perfetto's own definition. */
function packetsOf(bytes: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  const event = (tag: number, into: NonNullable<Packet['event']>, pbf: PbfReader) => {
    if (tag === 9) into.type = pbf.readVarint();
    if (tag === 11) into.track = pbf.readVarint();
    if (tag === 23) into.name = pbf.readString();
    if (tag === 44) into.value = pbf.readDouble();
    if (tag === 47) into.flow = pbf.readFixed64();
    if (tag === 48) into.end = pbf.readFixed64();
  };
  const descriptor = (tag: number, into: NonNullable<Packet['descriptor']>, pbf: PbfReader) => {
    if (tag === 1) into.uuid = pbf.readVarint();
    if (tag === 2) into.name = pbf.readString();
    if (tag === 5) into.parent = pbf.readVarint();
  };
  const packet = (tag: number, into: Packet, pbf: PbfReader) => {
    if (tag === 8) into.timestamp = pbf.readVarint();
    if (tag === 10) into.sequence = pbf.readVarint();
    if (tag === 11)
      into.event = pbf.readMessage(event, { type: 0, track: 0, name: '', value: 0, flow: 0, end: 0 });
    if (tag === 60) into.descriptor = pbf.readMessage(descriptor, { uuid: 0, name: '', parent: 0 });
  };
  new PbfReader(bytes).readFields((tag, list: Packet[], pbf) => {
    if (tag === 1)
      list.push(pbf.readMessage(packet, { timestamp: 0, sequence: 0, event: null, descriptor: null }));
  }, packets);
  return packets;
}

test('slices nest, lanes that overlap are tracks of one name, and arrows have two ends', () => {
  const builder = new TraceBuilder();
  const group = builder.track({ kind: 'group', name: 'Locks' });
  const lock = builder.track({ parent: group, kind: 'lock', name: '&mm->mmap_lock' });
  const calls = builder.track({ kind: 'task-calls', name: 'calls' });
  const rss = builder.track({ kind: 'counter', name: 'rss', unit: 'pages' });
  const at = (ns: number) => ({ ns: 5_000_000_000 + ns, step: ns });
  builder.slice(calls, at(0), at(10), { name: 'outer' });
  builder.slice(calls, at(2), at(10), { name: 'inner' }, 1);
  builder.slice(lock, at(0), at(6), { name: 'reader' });
  builder.slice(lock, at(3), at(9), { name: 'other' }, 1);
  builder.sample(rss, at(4), 7.5);
  builder.flow('lock', calls, at(2), lock, at(6));
  const packets = packetsOf(toPerfetto(builder.finish('t', 5_000_000_000, 5_000_000_010)));

  expect(new Set(packets.map(({ sequence }) => sequence))).toEqual(new Set([1]));
  const tracks = packets.flatMap(({ descriptor }) => descriptor ?? []);
  const rows = tracks.filter(({ name }) => name === '&mm->mmap_lock');
  expect(rows).toHaveLength(2);
  expect(new Set(rows.map(({ parent }) => parent))).toEqual(new Set([tracks[0].uuid]));
  // Descriptors come first, and every event has its track.
  const uuids = new Set(tracks.map(({ uuid }) => uuid));
  for (const { event } of packets) if (event !== null) expect(uuids.has(event.track)).toBe(true);

  const depth = new Map<number, number>();
  for (const { event } of packets) {
    if (event === null || event.type > 2) continue;
    const next = (depth.get(event.track) ?? 0) + (event.type === 1 ? 1 : -1);
    expect(next).toBeGreaterThanOrEqual(0);
    depth.set(event.track, next);
  }
  expect([...depth.values()]).toEqual([0, 0, 0]);
  const counter = packets.find(({ event }) => event?.type === 4);
  expect(counter).toMatchObject({ timestamp: 5_000_000_004, event: { value: 7.5 } });
  const flows = packets.flatMap(({ event }) => (event !== null && event.flow + event.end > 0 ? [event] : []));
  expect(flows.map(({ flow, end }) => [flow, end])).toEqual([
    [1, 0],
    [0, 1],
  ]);
});

import { f64, i32, orderBy, u16, u32, u8 } from './columns.ts';
import {
  flowKinds,
  NO_STEP,
  type FlowKind,
  type TraceData,
  type Track,
  type TrackKind,
} from './trace-data.ts';

/** A moment of a trace. */
export interface Moment {
  readonly ns: number;
  readonly step: number;
}

export interface NewTrack {
  readonly parent?: number | null;
  readonly kind: TrackKind;
  readonly name: string;
  readonly task?: number | null;
  readonly pid?: number | null;
  readonly cpu?: number | null;
  readonly unit?: string;
  readonly description?: string;
}

/** How a slice is shown. */
export interface SliceText {
  readonly name: string;
  readonly category?: string;
  readonly detail?: string;
}

const OPEN = -1;

/** Puts a trace together, row by row and in any order of time; `finish` sorts. */
export class TraceBuilder {
  private readonly strings = [''];
  private readonly indices = new Map<string, number>([['', 0]]);
  private readonly tracks: Track[] = [];

  private readonly sliceTrack = u32();
  private readonly sliceStart = f64();
  private readonly sliceEnd = f64();
  private readonly sliceName = u32();
  private readonly sliceCategory = u32();
  private readonly sliceDetail = u32();
  private readonly sliceDepth = u16();
  private readonly sliceStep = u32();
  private readonly sliceEndStep = u32();

  private readonly instantTrack = u32();
  private readonly instantTime = f64();
  private readonly instantName = u32();
  private readonly instantDetail = u32();
  private readonly instantStep = u32();
  private readonly instantFlags = u8();

  private readonly sampleTrack = u32();
  private readonly sampleTime = f64();
  private readonly sampleValue = f64();
  private readonly sampleStep = u32();

  private readonly flowKind = u8();
  private readonly flowFromTrack = u32();
  private readonly flowFromTime = f64();
  private readonly flowFromStep = u32();
  private readonly flowToTrack = u32();
  private readonly flowToTime = f64();
  private readonly flowToStep = u32();

  private readonly stepTime = f64();
  private readonly stepTask = i32();

  track(track: NewTrack): number {
    const { parent = null, task = null, pid = null, cpu = null, unit = '', description = '' } = track;
    const id = this.tracks.length;
    this.tracks.push({ id, parent, kind: track.kind, name: track.name, task, pid, cpu, unit, description });
    return id;
  }

  /** To give a track the name that turned out to be the right one. */
  trackAt(id: number): Track {
    return this.tracks[id];
  }

  /** Opens a slice; the number is for `close`. */
  open(
    track: number,
    { ns, step }: Moment,
    { name, category = '', detail = '' }: SliceText,
    depth = 0,
  ): number {
    const index = this.sliceTrack.length;
    this.sliceTrack.push(track);
    this.sliceStart.push(ns);
    this.sliceEnd.push(OPEN);
    this.sliceName.push(this.index(name));
    this.sliceCategory.push(this.index(category));
    this.sliceDetail.push(this.index(detail));
    this.sliceDepth.push(depth);
    this.sliceStep.push(step);
    this.sliceEndStep.push(NO_STEP);
    return index;
  }

  close(slice: number, { ns, step }: Moment): void {
    this.sliceEnd.set(slice, Math.max(ns, this.sliceStart.at(slice)));
    this.sliceEndStep.set(slice, step);
  }

  isOpen(slice: number): boolean {
    return this.sliceEnd.at(slice) === OPEN;
  }

  slice(track: number, from: Moment, to: Moment, text: SliceText, depth = 0): void {
    this.close(this.open(track, from, text, depth), to);
  }

  instant(track: number, { ns, step }: Moment, name: string, detail: string, flags = 0): void {
    this.instantTrack.push(track);
    this.instantTime.push(ns);
    this.instantName.push(this.index(name));
    this.instantDetail.push(this.index(detail));
    this.instantStep.push(step);
    this.instantFlags.push(flags);
  }

  sample(track: number, { ns, step }: Moment, value: number): void {
    this.sampleTrack.push(track);
    this.sampleTime.push(ns);
    this.sampleValue.push(value);
    this.sampleStep.push(step);
  }

  flow(kind: FlowKind, fromTrack: number, from: Moment, toTrack: number, to: Moment): void {
    this.flowKind.push(flowKinds.indexOf(kind));
    this.flowFromTrack.push(fromTrack);
    this.flowFromTime.push(from.ns);
    this.flowFromStep.push(from.step);
    this.flowToTrack.push(toTrack);
    this.flowToTime.push(to.ns);
    this.flowToStep.push(to.step);
  }

  /** The next step: `ns` is when it was done. */
  step(ns: number, task: number): void {
    this.stepTime.push(ns);
    this.stepTask.push(task);
  }

  /** Everything sorted. Of the tracks, those named in `order`, in that order; without it, all as they were made. */
  finish(title: string, startNs: number, endNs: number, order?: readonly number[]): TraceData {
    const tracks = (order ?? this.tracks.map(({ id }) => id)).map((id) => this.tracks[id]);
    const kept = new Set(tracks.map(({ id }) => id));
    const on = (column: { at(index: number): number }) => (row: number) => kept.has(column.at(row));
    const lastStep = this.stepTime.length === 0 ? NO_STEP : this.stepTime.length - 1;
    const slices = orderBy(this.sliceStart, this.sliceDepth, on(this.sliceTrack));
    const instants = orderBy(this.instantTime, null, on(this.instantTrack));
    const samples = orderBy(this.sampleTime, null, on(this.sampleTrack));
    const flows = orderBy(
      this.flowFromTime,
      null,
      (row) => kept.has(this.flowFromTrack.at(row)) && kept.has(this.flowToTrack.at(row)),
    );
    for (const row of slices) {
      if (this.isOpen(row)) this.close(row, { ns: endNs, step: lastStep });
      if (this.sliceStart.at(row) < startNs) this.sliceStart.set(row, startNs);
      if (this.sliceEnd.at(row) < startNs) this.sliceEnd.set(row, startNs);
    }
    for (const row of instants) this.instantTime.set(row, Math.max(this.instantTime.at(row), startNs));
    for (const row of samples) this.sampleTime.set(row, Math.max(this.sampleTime.at(row), startNs));
    return {
      version: 1,
      title,
      startNs,
      endNs: Math.max(startNs, endNs),
      strings: this.strings,
      tracks,
      slices: {
        track: this.sliceTrack.pick(slices),
        startNs: this.sliceStart.pick(slices),
        endNs: this.sliceEnd.pick(slices),
        name: this.sliceName.pick(slices),
        category: this.sliceCategory.pick(slices),
        detail: this.sliceDetail.pick(slices),
        depth: this.sliceDepth.pick(slices),
        step: this.sliceStep.pick(slices),
        endStep: this.sliceEndStep.pick(slices),
      },
      instants: {
        track: this.instantTrack.pick(instants),
        timeNs: this.instantTime.pick(instants),
        name: this.instantName.pick(instants),
        detail: this.instantDetail.pick(instants),
        step: this.instantStep.pick(instants),
        flags: this.instantFlags.pick(instants),
      },
      samples: {
        track: this.sampleTrack.pick(samples),
        timeNs: this.sampleTime.pick(samples),
        value: this.sampleValue.pick(samples),
        step: this.sampleStep.pick(samples),
      },
      flows: {
        kind: this.flowKind.pick(flows),
        fromTrack: this.flowFromTrack.pick(flows),
        fromNs: this.flowFromTime.pick(flows),
        fromStep: this.flowFromStep.pick(flows),
        toTrack: this.flowToTrack.pick(flows),
        toNs: this.flowToTime.pick(flows),
        toStep: this.flowToStep.pick(flows),
      },
      steps: { timeNs: this.stepTime.all(), task: this.stepTask.all() },
    };
  }

  private index(text: string): number {
    let index = this.indices.get(text);
    if (index === undefined) {
      index = this.strings.length;
      this.strings.push(text);
      this.indices.set(text, index);
    }
    return index;
  }
}

import type { Cell } from '../sim/cell.ts';
import type { Task } from '../sim/task.ts';
import type { RcuReaders } from '../kernel/kernel/rcu/tree.ts';
import type { SrcuCount } from '../kernel/kernel/rcu/srcu_readers.ts';
import type { Memory } from '../sim/memory.ts';
import type { TraceSink } from '../trace/store/view.ts';

interface Section {
  readonly task: Task;
}

interface Domain {
  readonly name: string;
  readonly readers: number;
  readonly periods: number;
  readonly sections: Section[];
  /** Stands for the grace period that goes on, and for the phase that it is in. */
  readonly period: object;
  readonly phase: object;
}

const PHASES = ['', 'SCAN1', 'SCAN2', 'SCAN2'];

/** Read sections and grace periods, two tracks for each srcu_struct and one for the readers of RCU. */
export class SrcuTracks {
  private readonly domains = new Map<string, Domain>();
  private readonly rcuSections = new Map<Task, object>();

  /** A reader has counted itself in or out. */
  counted(count: SrcuCount, task: Task, name: string, sink: TraceSink): void {
    const match = /^(.*)\.sda\[\d+\]\.srcu_(un)?lock_count\[(\d)\]$/.exec(count.field);
    if (match === null) return;
    const [, path, leaves, idx] = match;
    const domain = this.domainOf(path, count.memory, sink);
    if (leaves === undefined) {
      const section = { task };
      domain.sections.push(section);
      sink.open(domain.readers, section, { name, category: `idx ${idx}`, detail: `reader at index ${idx}` });
      return;
    }
    // The task that leaves, or the first one where another task ends the section.
    const own = domain.sections.findLastIndex((section) => section.task === task);
    const [section] = domain.sections.splice(Math.max(own, 0), 1);
    if (section !== undefined) sink.close(domain.readers, section);
  }

  /** srcu_gp_seq was written. */
  gracePeriod(cell: Cell<unknown>, sink: TraceSink): void {
    if (typeof cell.value !== 'number') return;
    const path = cell.field.slice(0, -'.srcu_gp_seq'.length);
    const { periods, period, phase, name } = this.domainOf(path, cell.memory, sink);
    const state = cell.value % 4;
    sink.close(periods, phase);
    if (state === 0) {
      sink.close(periods, period);
      return;
    }
    const number = Math.floor(cell.value / 4);
    sink.open(periods, period, { name: `grace period ${number}`, category: 'gp', detail: name });
    sink.open(periods, phase, {
      name: PHASES[state],
      category: 'phase',
      detail: `srcu_gp_seq ${cell.value}`,
    });
  }

  /** Somebody enters or leaves rcu_read_lock(). */
  rcu(readers: RcuReaders, kind: 'acquire' | 'release', task: Task, name: string, sink: TraceSink): void {
    const track = sink.track(readers, 'srcu', () => ({
      kind: 'srcu',
      name: 'RCU readers',
      description: 'tasks inside of rcu_read_lock()',
    }));
    if (kind === 'acquire') {
      const key = {};
      this.rcuSections.set(task, key);
      sink.open(track, key, { name, category: 'reader', detail: 'rcu_read_lock()' });
      return;
    }
    const key = this.rcuSections.get(task);
    if (key !== undefined) sink.close(track, key);
  }

  private domainOf(path: string, memory: Memory | null, sink: TraceSink): Domain {
    const key = `${memory?.id ?? -1}:${path}`;
    const known = this.domains.get(key);
    if (known !== undefined) return known;
    const name = memory === null || memory.kind === 'global' ? path : `${memory.name}->${path}`;
    const readers = sink.track(`${key} readers`, 'srcu', () => ({
      kind: 'srcu',
      name: `${name} readers`,
      description: 'read sections of SRCU, by index',
    }));
    const periods = sink.track(`${key} periods`, 'srcu', () => ({
      kind: 'srcu',
      name: `${name} grace periods`,
      description: 'grace periods and the phase that they are in',
    }));
    const domain = { name, readers, periods, sections: [], period: {}, phase: {} };
    this.domains.set(key, domain);
    return domain;
  }
}

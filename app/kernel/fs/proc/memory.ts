import type { Body } from '../../../sim/call.ts';
import { K } from '../../include/mm.ts';
import { kernelThreads } from './tasks.ts';
import { init_task_tasks } from '../../kernel/pid.ts';
import { rcu_dereference } from '../../include/rwonce.ts';
import { free_pages_of_machine } from '../../mm/page_limit.ts';
import { swapAreas } from '../../mm/swapfile.ts';
import { shown, type Entries } from '../pseudo.ts';
import { taskMemory } from './array.ts';

/** What user memory comes to on the whole machine, in pages. */
export interface MachineMemory {
  readonly total: number;
  readonly free: number;
  readonly anon: number;
  readonly shmem: number;
  readonly tables: number;
  readonly swapTotal: number;
  readonly swapFree: number;
  readonly threads: number;
}

/** Sums over all processes: each is asked as by reading its status. */
export function* machineMemory(): Body<MachineMemory> {
  const { total, free } = free_pages_of_machine();
  let anon = 0;
  let shmem = 0;
  let tables = 0;
  let threads = kernelThreads().length;
  for (const task of yield* rcu_dereference(init_task_tasks())) {
    threads += (yield* rcu_dereference(task.signal.thread_head)).length;
    const memory = yield* taskMemory(task);
    if (memory === null) continue;
    anon += memory.anon;
    shmem = Math.max(shmem, memory.shmem);
    tables += Math.ceil(memory.tableBytes / 4096);
  }
  let swapTotal = 0;
  let used = 0;
  for (const area of swapAreas()) {
    swapTotal += area.pages;
    used += yield* area.inuse_pages.read();
  }
  // Without a limit nobody counts pages as they are taken: what processes have is missing from the rest then.
  const left = Math.min(free, Math.max(0, total - KERNEL_PAGES - anon - shmem - tables));
  return { total, free: left, anon, shmem, tables, swapTotal, swapFree: swapTotal - used, threads };
}

const KERNEL_PAGES = 38_000;
const VMALLOC_KB = 13_743_895_347_199;

export const memoryFiles = (): Entries => ({
  meminfo: shown('meminfo_proc_show', function* () {
    const { total, free, anon, shmem, tables, swapTotal, swapFree, threads } = yield* machineMemory();
    const row = (name: string, pages: number): string =>
      `${`${name}:`.padEnd(16)}${String(K(pages)).padStart(8)} kB\n`;
    return [
      ...[row('MemTotal', total), row('MemFree', free), row('MemAvailable', free), row('Buffers', 0)],
      ...[row('Cached', shmem), row('SwapCached', 0), row('Active', 0), row('Inactive', anon + shmem)],
      ...[row('Active(anon)', 0), row('Inactive(anon)', anon + shmem), row('Active(file)', 0)],
      ...[row('Inactive(file)', 0), row('Unevictable', 0), row('Mlocked', 0)],
      ...[row('SwapTotal', swapTotal), row('SwapFree', swapFree), row('Dirty', 0), row('Writeback', 0)],
      ...[row('AnonPages', anon), row('Mapped', shmem), row('Shmem', shmem), row('KReclaimable', 0)],
      ...[row('Slab', 0), row('SReclaimable', 0), row('SUnreclaim', 0)],
      ...[`KernelStack:    ${String(threads * 32).padStart(8)} kB\n`, row('PageTables', tables)],
      ...[row('SecPageTables', 0), row('NFS_Unstable', 0), row('Bounce', 0), row('WritebackTmp', 0)],
      ...[row('CommitLimit', Math.floor(total / 2) + swapTotal), row('Committed_AS', anon)],
      ...[
        `VmallocTotal:   ${VMALLOC_KB} kB\n`,
        row('VmallocUsed', 0),
        row('VmallocChunk', 0),
        row('Percpu', 0),
      ],
    ].join('');
  }),
  swaps: shown('swap_show', function* () {
    let text = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';
    for (const [i, area] of swapAreas().entries()) {
      const used = K(yield* area.inuse_pages.read());
      const name = area.device + ' '.repeat(Math.max(1, 40 - area.device.length));
      const size = K(area.pages);
      const tab = (kB: number): string => (kB < 10_000_000 ? '\t' : '');
      text += `${name}partition\t${size}\t${tab(size)}${used}\t${tab(used)}${-2 - i}\n`;
    }
    return text;
  }),
  vmstat: shown('vmstat_show', function* () {
    const { free, anon, shmem, tables } = yield* machineMemory();
    const rows: readonly (readonly [string, number])[] = [
      ...([['nr_free_pages', free]] as const),
      ...([
        ['nr_zone_inactive_anon', anon + shmem],
        ['nr_zone_active_anon', 0],
      ] as const),
      ...([
        ['nr_zone_inactive_file', 0],
        ['nr_zone_active_file', 0],
        ['nr_mlock', 0],
      ] as const),
      ...([
        ['nr_inactive_anon', anon + shmem],
        ['nr_active_anon', 0],
        ['nr_anon_pages', anon],
      ] as const),
      ...([
        ['nr_mapped', shmem],
        ['nr_file_pages', shmem],
        ['nr_dirty', 0],
        ['nr_writeback', 0],
      ] as const),
      ...([
        ['nr_shmem', shmem],
        ['nr_page_table_pages', tables],
      ] as const),
      ...([
        ['nr_sec_page_table_pages', 0],
        ['nr_swapcached', 0],
      ] as const),
    ];
    return rows.map(([name, value]) => `${name} ${value}\n`).join('');
  }),
});

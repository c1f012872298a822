import type { Kernel } from '../../kernel/kernel.ts';
import { SrcuStruct } from '../../kernel/kernel/rcu/srcu_struct.ts';
import { nameOfFunction } from '../kernel-view.ts';
import type { KernelObjects } from '../objects.ts';
import type { Inspection } from './inspection.ts';

type InspectedSrcu = Inspection['srcu'][number];

/** Every srcu_struct: the kernel's own and those of virtual machines that are there. */
export function inspectSrcu({ globals }: Kernel, { kvms }: KernelObjects): InspectedSrcu[] {
  const own = globals.filter((value): value is SrcuStruct => value instanceof SrcuStruct);
  const ofVms = [...kvms]
    .filter(({ memory }) => memory.alive)
    .flatMap(({ srcu, irq_srcu }) => [srcu, irq_srcu]);
  return [...own, ...ofVms].map(inspect);
}

function inspect(ssp: SrcuStruct): InspectedSrcu {
  const [zero, one] = ssp.readers;
  const count = (idx: 0 | 1): number =>
    ssp.sda.reduce(
      (sum, { srcu_lock_count, srcu_unlock_count }) =>
        sum + srcu_lock_count[idx].value - srcu_unlock_count[idx].value,
      0,
    );
  return {
    name: ssp.srcuName,
    idx: ssp.srcu_idx.value & 1,
    readers: [count(0), count(1)],
    readingTasks: [...zero.sections, ...one.sections].map(({ task, idx }) => ({ task: task.index, idx })),
    gp: gracePeriod(ssp),
    callbacks: ssp.sda.flatMap(({ cblist, srcu_cblist_invoking, cblist_len }) => [
      ...cblist.map(({ head, seq }) => ({
        func: nameOfFunction(head.func.value) ?? 'a callback',
        state: seq <= ssp.srcu_gp_seq.value ? 'ready' : `waits for grace period ${Math.floor(seq / 4) - 1}`,
      })),
      ...Array.from({ length: srcu_cblist_invoking ? cblist_len - cblist.length : 0 }, () => ({
        func: 'a callback',
        state: 'being invoked',
      })),
    ]),
  };
}

const STATES = [
  'idle',
  'waits for readers that have not heard of the last flip (SCAN1)',
  'waits for readers at the old index (SCAN2)',
];

function gracePeriod({ srcu_gp_seq, srcu_gp_seq_needed }: SrcuStruct): string {
  const seq = srcu_gp_seq.value;
  const state = STATES[seq % 4] ?? `state ${seq % 4}`;
  const wanted = srcu_gp_seq_needed.value > seq ? `, needed up to ${srcu_gp_seq_needed.value}` : '';
  return seq % 4 === 0
    ? `${state}, srcu_gp_seq ${seq}${wanted}`
    : `grace period ${Math.floor(seq / 4)} ${state}${wanted}`;
}

import type { RunEntry } from '../../state/state.ts';
import type { Workbench } from '../../state/workbench.ts';
import { findCommand } from '../commands/index.ts';
import { label } from '../keys.ts';

const CASE = 'bundled/kvm-oom/reap.yaml';
const FIX = 'mmu-notifier-async-oom-v2';
/** A run of the founding case takes seconds; on a busy machine some more. */
const PATIENCE_MS = 120_000;

const keys = (command: string) => label(findCommand(command).keys?.[0] ?? '');

/** Runs of this tour: whoever goes back finds them again. */
export interface Memory {
  broken: string | null;
  fixed: string | null;
}

export interface Station {
  readonly title: string;
  readonly text: string;
  /** The panel that it is about; the dialog of the tour stands away from it. */
  readonly panel: string;
  /** Brings the workbench to where the text is true. May be called again. */
  enter(workbench: Workbench, memory: Memory): Promise<void> | void;
}

/** The founding case, from the scenario to the fix: found, explained, compared. */
export const stations: readonly Station[] = [
  {
    title: 'A scenario',
    text: `A process owns a virtual machine and sleeps. Then its memory is reaped, as the OOM reaper would. That is all: a kernel, a console script, and what is expected of it. ${keys('run.start')} would run it; Next does it for you.`,
    panel: 'editor',
    enter: async (workbench) => {
      workbench.layout?.apply('run');
      await workbench.documents.open(CASE);
    },
  },
  {
    title: 'The splat',
    text: 'The modelled kernel says what a real one would: on PREEMPT_RT a spinlock sleeps, and KVM takes one where the reaper has forbidden to sleep. Click on any line of the log, and everything goes to the step at which it was printed.',
    panel: 'dmesg',
    enter: async (workbench, memory) => {
      memory.broken = await runOf(workbench, memory.broken, []);
      workbench.layout?.show('dmesg');
    },
  },
  {
    title: 'The step',
    text: 'This is that step, in time. Each task has its state, its calls and its events; the line is the cursor, which all panels share. W and S zoom, A and D move.',
    panel: 'timeline',
    enter: async (workbench, memory) => {
      memory.broken = await runOf(workbench, memory.broken, []);
      toReport(workbench);
      workbench.layout?.show('timeline');
    },
  },
  {
    title: 'How it came about',
    text: 'The interleaving: what mattered, and nothing else. Between non_block_start() and its end, kvm_mmu_notifier_invalidate_range_start() takes mn_invalidate_lock. Every line leads to its step, and the diagram can be copied into a mail.',
    panel: 'interleaving',
    enter: async (workbench, memory) => {
      memory.broken = await runOf(workbench, memory.broken, []);
      toReport(workbench);
      workbench.layout?.show('interleaving');
    },
  },
  {
    title: 'One step back',
    text: `The run can be walked in both directions: this is one context switch earlier, and nothing has gone wrong yet. Tasks shows who is where, with which locks held. ${keys('go.into')} goes on, ${keys('go.back')} goes back, ${keys('go.report')} is at the report again.`,
    panel: 'tasks',
    enter: async (workbench, memory) => {
      memory.broken = await runOf(workbench, memory.broken, []);
      toReport(workbench);
      workbench.layout?.show('tasks');
      await workbench.runs.seek('back', { kind: 'switch' });
    },
  },
  {
    title: 'The fix',
    text: `The same scenario with ${FIX}, one of the fixes that were proposed: KVM has left the list before the reaper starts, and the log is clean. The kernel panel lays patches over a kernel, and flips its options.`,
    panel: 'dmesg',
    enter: async (workbench, memory) => {
      memory.fixed = await runOf(workbench, memory.fixed, [FIX]);
      workbench.layout?.show('dmesg');
    },
  },
  {
    title: 'Side by side',
    text: 'Both runs, aligned by what each task did, and where they part. One clean run proves little, though: Explore Interleavings looks at all the orders in which it can happen, and does find something in this fix. That is the next thing to try.',
    panel: 'compare',
    enter: async (workbench, memory) => {
      memory.broken = await runOf(workbench, memory.broken, []);
      memory.fixed = await runOf(workbench, memory.fixed, [FIX]);
      workbench.set({ otherRun: memory.broken });
      workbench.layout?.show('compare');
    },
  },
];

/** Takes back what the tour has set: the scenario's kernel is its own again. */
export function leave(workbench: Workbench): void {
  if (workbench.state.activeDocument === CASE) workbench.kernels.reset();
}

/** A run of the founding case with these patches, made active: the one that is known, or a new one. */
async function runOf(
  workbench: Workbench,
  known: string | null,
  patches: readonly string[],
): Promise<string> {
  const { documents, kernels, runs } = workbench;
  await documents.open(CASE, { show: false });
  if (patches.length === 0) kernels.reset();
  else kernels.change({ patches: [...patches] });
  if (known !== null && workbench.state.runs.get(known)?.state === 'done') {
    if (workbench.state.activeRun !== known) runs.activate(known);
    await runs.log(known);
    return known;
  }
  await runs.start();
  const id = workbench.state.activeRun;
  if (id === null) throw new Error('the run was not started');
  await finished(workbench, id);
  await runs.log(id);
  return id;
}

function finished(workbench: Workbench, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(new Error('the run takes too long')), PATIENCE_MS);
    const stop = workbench.store.subscribe(({ runs }) => look(runs.get(id)));
    const end = (error: Error | null) => {
      clearTimeout(timer);
      stop();
      if (error === null) resolve();
      else reject(error);
    };
    const look = (run: RunEntry | undefined) => {
      if (run?.state === 'done') end(null);
      else if (run === undefined) end(new Error('the run was closed'));
      else if (run.state === 'failed') end(new Error(run.message));
    };
    look(workbench.state.runs.get(id));
  });
}

function toReport(workbench: Workbench): void {
  const { activeRun, runs } = workbench.state;
  const run = activeRun === null ? undefined : runs.get(activeRun);
  const step = run?.state === 'done' ? run.summary.reports[0]?.step : undefined;
  if (step !== undefined) workbench.runs.moveTo(step);
}

import { Delay } from '../../sim/delay.ts';
import { waitOf } from '../../sim/ending.ts';
import type { Frame, Task } from '../../sim/task.ts';
import {
  PF_KTHREAD,
  TASK_INTERRUPTIBLE,
  __TASK_STOPPED,
  type TaskStruct,
} from '../../kernel/include/sched.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { blocked_frames, task_state_to_char } from '../../kernel/kernel/sched/core.ts';
import { addressOf } from '../../kernel/struct.ts';
import type { AnyLock, KernelObjects } from '../objects.ts';
import type { GeneratorLines, Line } from './generator-lines.ts';
import type { Inspection } from './inspection.ts';
import { pendingText, taskText } from './words.ts';

type InspectedTask = Inspection['tasks'][number];

/** All tasks that are there or have been: their stacks, locks and contexts. */
export function inspectTasks(
  kernel: Kernel,
  objects: KernelObjects,
  last: Task | null,
  lines: GeneratorLines | null,
): InspectedTask[] {
  const { tasks } = kernel.machine;
  const frames = tasks.map((task) => (task.state === 'ready' ? framesOf(task) : []));
  const places = lines === null ? frames.map(() => []) : placesOf(tasks, frames, lines);
  return tasks.map((task, i) => {
    const stack = frames[i].map(({ symbol }, depth) => {
      const place = places[i].at(depth) ?? null;
      return { function: symbol?.name ?? '', file: place?.file ?? null, line: place?.line ?? null };
    });
    const unseen = task.context === null ? [] : blocked_frames(task.context as TaskStruct);
    const above = unseen.map((name) => ({ function: name, file: null, line: null }));
    return inspectTask(kernel, objects, task, last, [...above, ...stack]);
  });
}

/**
 * The lines at which frames stand, as far as they are not known already: between two operations of a task they stay,
 * also in another execution of the same run.
 */
function placesOf(
  tasks: readonly Task[],
  frames: readonly (readonly Frame[])[],
  lines: GeneratorLines,
): readonly (readonly (Line | null)[])[] {
  const keys = tasks.map(({ index, operations }) => `${index}:${operations}`);
  const unknown = keys.map((key, i) => (lines.known.has(key) ? [] : frames[i]));
  const asked = lines.linesOf(unknown.flat().map(({ body }) => body));
  let at = 0;
  return keys.map((key, i) => {
    const before = lines.known.get(key);
    if (before !== undefined) return before;
    const found = asked.slice(at, at + frames[i].length);
    at += frames[i].length;
    lines.remember(key, found);
    return found;
  });
}

function inspectTask(
  kernel: Kernel,
  objects: KernelObjects,
  task: Task,
  last: Task | null,
  stack: InspectedTask['stack'],
): InspectedTask {
  const tsk = (task.context ?? null) as TaskStruct | null;
  const state = stateOf(task, tsk, last);
  const waits = task.state === 'ready' && !task.enabled ? waitOf(task) : null;
  const holders = waits?.holders.filter((holder) => holder !== waits.object) ?? [];
  const onCpu = state === 'running' || state === 'runnable';
  const mm = tsk?.mm.value ?? null;
  return {
    id: task.index,
    pid: tsk?.pid ?? 0,
    tgid: tsk?.tgid ?? 0,
    comm: tsk?.comm ?? task.label,
    kind: tsk === null ? 'irq' : (tsk.flags & PF_KTHREAD) === 0 ? 'user' : 'kthread',
    cpu: onCpu ? task.cpu % kernel.cpus : null,
    state,
    letter: tsk === null ? '' : task_state_to_char(tsk),
    waitsFor:
      waits === null
        ? null
        : `${waits.object.name}${holders.length === 0 ? '' : `, held by ${holders.map(taskText).join(', ')}`}`,
    waitsForTasks: holders.map(({ index }) => index),
    next: task.pending === null ? null : pendingText(task.pending),
    stack,
    held: heldBy(task, tsk, objects),
    context: {
      preempt_count: tsk?.preempt_count ?? 0,
      irqs_disabled: (tsk?.irqs_disabled ?? 0) > 0,
      softirq: (tsk?.softirq_context ?? 0) > 0,
      rcu_read_lock_nesting: tsk?.rcu_sections ?? 0,
      non_block_count: tsk?.non_block_count ?? 0,
      rt_priority: task.standing.priority > 0 ? task.standing.priority : null,
      migration_disabled: tsk?.migration_disabled ?? 0,
    },
    mm: mm === null ? null : addressOf(mm.memory),
  };
}

/** The named frames of a stack, innermost first. */
export function framesOf(task: Task): Frame[] {
  const frames: Frame[] = [];
  for (let frame = task.top; frame !== null; frame = frame.caller)
    if (frame.symbol !== null) frames.push(frame);
  return frames;
}

function stateOf(task: Task, tsk: TaskStruct | null, last: Task | null): InspectedTask['state'] {
  if (task.state !== 'ready') return 'ended';
  if (task.enabled) {
    if (task.pending instanceof Delay) return 'sleeping';
    return task === last ? 'running' : 'runnable';
  }
  if (task.pending?.kind === 'acquire' || tsk === null) return 'blocked';
  const state = tsk.__state.value;
  if ((state & __TASK_STOPPED) !== 0) return 'stopped';
  return (state & TASK_INTERRUPTIBLE) !== 0 ? 'sleeping' : 'blocked';
}

/** As lockdep lists them; without it, whatever locks know of their owners. */
function heldBy(task: Task, tsk: TaskStruct | null, { locks }: KernelObjects): InspectedTask['held'] {
  if (tsk !== null && tsk.held_locks.length > 0) {
    return tsk.held_locks.map(({ map, read, ip }) => ({
      name: map.name,
      object: objectText([...locks].find(({ dep_map }) => dep_map === map) ?? map),
      mode: read === 0 ? 'exclusive' : 'shared',
      function: ip.symbol,
    }));
  }
  return [...locks].flatMap((lock) => {
    const mode = modeOf(lock, task);
    return mode === null ? [] : [{ name: lock.name, object: objectText(lock), mode, function: '' }];
  });
}

function modeOf(lock: AnyLock, task: Task): 'exclusive' | 'shared' | null {
  if ('owner' in lock) return lock.owner === task ? 'exclusive' : null;
  if (lock.writer === task) return 'exclusive';
  return lock.readers.includes(task) ? 'shared' : null;
}

/** How an object is named so that it is found again: by its name and its id. */
export function objectText({ name, id }: { readonly name: string; readonly id: number }): string {
  return `${name}#${id}`;
}

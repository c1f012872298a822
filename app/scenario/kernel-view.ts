import type { TaskStruct } from '../kernel/include/sched.ts';
import { LoneSection, RcuReaders } from '../kernel/kernel/rcu/rcu_readers.ts';
import { isInlined, kallsyms } from '../kernel/kfunc.ts';
import { CountInside, SrcuCount } from '../kernel/kernel/rcu/srcu_readers.ts';
import { whoIs } from '../kernel/tracking.ts';
import type { Operation } from '../sim/operation.ts';
import type { Task } from '../sim/task.ts';
import type { ModelView, StateChange } from '../trace/explain/execution.ts';
import type { Vocabulary } from '../trace/explain/vocabulary.ts';

/** Functions of the kernel that a diagram shows with their object, not with what happens inside of them. */
const PRIMITIVES = new RegExp(
  `^(?:${[
    '_*(?:raw_|rt_)?(?:spin|read|write|rwlock)_(?:try)?(?:lock|unlock)\\w*',
    '_*mutex_(?:lock|trylock|unlock)\\w*',
    '_*(?:down|up)_(?:read|write)\\w*|downgrade_write',
    '_*(?:rcu|srcu)_read_(?:lock|unlock)',
    '(?:k|v|kv)(?:m|z)alloc\\w*|_*kmalloc\\w*|_*vmalloc\\w*|k?v?free|kmem_cache_\\w+',
    '_*wait_for_\\w+|schedule\\w*|__schedule|complete(?:_all)?|try_to_wake_up|wake_up\\w*|swake_up\\w*|rcuwait_wake_up',
    '_*local_bh_(?:dis|en)able\\w*',
  ].join('|')})$`,
);

/** Functions through which everything comes. */
const PLUMBING =
  /^(?:entry_SYSCALL_\w+|do_syscall_64|asm_\w+|exc_\w+|ret_from_fork\w*|kthread|worker_thread|process_one_work|(?:__)?[xk]sys_\w+|__x64_sys_\w+|vfs_\w+|full_proxy_\w+|syscall_exit_to_user_mode|irqentry_exit_to_user_mode|exit_to_user_mode\w*|arch_do_signal_or_restart|get_signal)$/;

const inlined: ReadonlySet<string> = new Set(
  kallsyms()
    .filter(isInlined)
    .map(({ name }) => name),
);

/** How diagrams of the modelled kernel name things. */
export const kernelVocabulary: Vocabulary = {
  taskName: (task) => {
    const { comm, pid } = whoIs(task);
    return pid > 0 ? `${comm}/${pid}` : task.name;
  },
  objectName: (object) =>
    object instanceof RcuReaders || object instanceof LoneSection ? 'rcu_read_lock' : object.name,
  isPrimitive: (name) => PRIMITIVES.test(name),
  isPlumbing: (name) => PLUMBING.test(name),
  isMinor: (name) => inlined.has(name),
};

/** What the kernel model keeps in its tasks without telling anybody: sections that forbid to block, SRCU readers. */
export class KernelView implements ModelView {
  private readonly nonBlock = new Map<Task, number>();

  changes(task: Task, operation: Operation<unknown> | null): StateChange[] {
    const changes: StateChange[] = [];
    const struct = structOf(task);
    const depth = struct?.non_block_count ?? 0;
    for (let before = this.nonBlock.get(task) ?? 0; before !== depth;) {
      const begins = before < depth;
      changes.push({ name: 'non_block', text: begins ? 'non_block_start()' : 'non_block_end()', begins });
      before += begins ? 1 : -1;
    }
    this.nonBlock.set(task, depth);
    const srcu = operation === null ? null : srcuChange(operation);
    if (srcu !== null) changes.push(srcu);
    return changes;
  }

  circumstances(task: Task): string[] {
    const struct = structOf(task);
    if (struct === null) return [];
    const { non_block_count, preempt_count, irqs_disabled, rcu_read_lock_nesting } = struct;
    return [
      non_block_count > 0 ? 'It must not block: inside of non_block_start()' : '',
      preempt_count > 0 ? `Preemption is disabled: preempt_count is ${preempt_count.toString(16)}` : '',
      irqs_disabled > 0 ? 'Interrupts are disabled' : '',
      rcu_read_lock_nesting > 0 ? `It is inside of rcu_read_lock(), ${rcu_read_lock_nesting} deep` : '',
    ].filter((text) => text !== '');
  }
}

/** A reader of SRCU goes in or out: it counts itself. */
function srcuChange(operation: Operation<unknown>): StateChange | null {
  const { object, kind, access } = operation;
  if (operation instanceof CountInside) {
    const { label } = operation.readers;
    const argument = label.startsWith('&') ? label : `&${label}`;
    const { begins } = operation;
    return { name: label, text: `srcu_read_${begins ? '' : 'un'}lock(${argument})`, begins };
  }
  if (!(object instanceof SrcuCount) || kind !== 'rmw' || access !== 'add') return null;
  const match = /^(.+)\.sda\[\d+\]\.srcu_(un)?lock_count/.exec(object.field);
  if (match === null) return null;
  const [, path, leaves] = match;
  const { memory } = object;
  const name = memory === null || memory.kind === 'global' ? path : `&${memory.name}->${path}`;
  const argument = name.startsWith('&') ? name : `&${name}`;
  return leaves === undefined
    ? { name, text: `srcu_read_lock(${argument})`, begins: true }
    : { name, text: `srcu_read_unlock(${argument})`, begins: false };
}

function structOf(task: Task): TaskStruct | null {
  return task.context as TaskStruct | null;
}

/**
 * Functions that say nothing about where a bug is: what prints reports, what sanitizers put in between,
 * locks, lists, memory and string helpers. After pkg/report/linux.go of syzkaller.
 */
const ALWAYS_SKIPPED = new RegExp(
  '^(?:' +
    [
      ...['dump_stack', 'print_address_description', 'print_report', 'panic$', 'invalid_op', 'report_bug'],
      ...['fixup_bug', 'print_error', 'handle_bug', 'exc_invalid_op', 'asm_exc_invalid_op', 'ud2'],
      ...['kasan', '__kasan', '__asan', 'asan', 'kmsan', 'kcsan', 'check_memory', 'check_region'],
      ...[
        'do_error',
        'do_invalid',
        'do_trap',
        'do_general',
        'die',
        'oops_',
        'page_fault',
        'exc_',
        'asm_exc_',
      ],
      ...['__?warn', '_?printk', 'vprintk', 'dev_', 'pr_', 'refcount', 'atomic', 'raw_atomic', 'arch_atomic'],
      ...['might_', '__might_', '___might_', 'print_circular', 'print_usage', 'check_noncircular'],
      ...['validate_chain', 'mark_lock', 'lock_', '__?lock_', 'down_', 'up_', '_*mutex', 'rwsem'],
      ...['_*raw_(?:spin|read|write)_', '_*spin_', 'do_raw_', '_*queued_', '_*rt_(?:spin|read|write|mutex)'],
      ...[
        '_*rtlock',
        '_*rwbase',
        'rcu_read_',
        'find_lock',
        'percpu_ref',
        '_*list_(?:add|del)',
        'hlist_',
        '__hlist_',
      ],
      ...['mem(?:cpy|set|move|cmp)', 'str(?:n?cpy|n?cmp|len|scpy)', '_*copy_(?:to|from)_', 'debug_'],
      ...[
        'instrument_',
        'test_',
        'set_bit',
        'clear_bit',
        'bitmap_',
        'kthread_stop$',
        'task_blocks_on_rt_mutex',
      ],
      ...[
        'dump_page',
        'bad_page',
        'fault_',
        'should_fail',
        'kmalloc',
        'kzalloc',
        'slab_',
        'check_slab',
        'kfree',
        'kvfree',
        'kmem_cache_free',
        'register_lock_class',
      ],
      ...['ret_from_fork', 'entry_', 'ftrace_', 'return_to_handler'],
    ].join('|') +
    ')',
);

/** Frames that a report about the use of RCU is not about either. */
const RCU_SKIPPED = /rcu|kmem|slab/;

/** Where a task that hangs waits: the scheduler and what waits through it. */
const WAIT_SKIPPED =
  /^(?:_*schedule|context_switch|io_schedule|wait_for_|_*wait_|_*down_|_*up_|_*mutex|_*rt_|_*rwsem|rwbase|do_wait_for|synchronize_|_*synchronize_|rcu_barrier|srcu_|_*flush_work|preempt_)/;

/** The function that a report of ordinary kind is about. */
export function firstTelling(frames: readonly string[]): string | null {
  return frames.find((frame) => !ALWAYS_SKIPPED.test(frame)) ?? null;
}

export function firstTellingOfRcu(frames: readonly string[]): string | null {
  return frames.find((frame) => !ALWAYS_SKIPPED.test(frame) && !RCU_SKIPPED.test(frame)) ?? null;
}

export function firstTellingOfWait(frames: readonly string[]): string | null {
  return frames.find((frame) => !ALWAYS_SKIPPED.test(frame) && !WAIT_SKIPPED.test(frame)) ?? null;
}

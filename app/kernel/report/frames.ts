/**
 * Functions that say nothing about where a bug is: what prints reports, what sanitizers put in between,
 * locks, lists, memory and string helpers. After pkg/report/linux.go of syzkaller.
 */
const SKIPPED = [
  'dump_stack|print_(?:address|report|error|circular|usage)|_?printk|vprintk|pr_|dev_(?:warn|err|printk)',
  'panic$|report_bug|fixup_bug|handle_bug|ud2|die(?:_|$)|oops_|do_(?:error|invalid|trap|general)',
  'page_fault|exc_|asm_exc_|entry_|ret_from_fork|ftrace_|return_to_handler|__?warn',
  'kasan|__kasan|__asan|asan|kmsan|kcsan|instrument_|check_(?:memory|region|slab)',
  'refcount_|atomic|raw_atomic|arch_atomic|(?:test|set|clear|test_and_set|test_and_clear)_bit|bitmap_',
  '_*might_|task_blocks_on_rt_mutex|register_lock_class|check_noncircular|validate_chain|mark_lock',
  '_*lock_(?:acquire|release|sync|is_held|map|downgrade)|find_lock|debug_(?:object|check|smp|lockdep|mutex|rt)',
  '_*(?:down|up)_(?:read|write|interruptible|killable|trylock|timeout)|_*mutex_|rwsem_|_*rt_?lock|_*rwbase_',
  '_*raw_(?:spin|read|write)_|_*spin_|do_raw_|_*queued_|_*rt_(?:spin|read|write|mutex)',
  'rcu_read_|percpu_ref|_*hlist_|_*list_(?:add|del)',
  'mem(?:cpy|set|move|cmp)|str(?:n?cpy|n?cmp|len|scpy)|_*copy_(?:to|from)_',
  '_*kmalloc|kzalloc|kmem_cache_|kfree|kvfree|slab_|should_fail|fault_|dump_page|bad_page',
];
const ALWAYS_SKIPPED = new RegExp(`^(?:${SKIPPED.join('|')})`);

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

/** The Kconfig options that the model knows, with the kernel's names without `CONFIG_`. */
export interface Config {
  readonly PREEMPT_RT: boolean;
  readonly SMP: boolean;
  readonly HZ: 100 | 250 | 300 | 1000;
  readonly KVM: boolean;
  readonly MMU_NOTIFIER: boolean;
  readonly MEMCG: boolean;
  readonly DEBUG_ATOMIC_SLEEP: boolean;
  readonly PROVE_LOCKING: boolean;
  readonly PROVE_RAW_LOCK_NESTING: boolean;
  readonly LOCK_STAT: boolean;
  readonly PROVE_RCU: boolean;
  readonly KASAN: boolean;
  readonly KASAN_VMALLOC: boolean;
  readonly KASAN_STACK: boolean;
  readonly DEBUG_VM: boolean;
  readonly PAGE_POISONING: boolean;
  readonly DEBUG_LIST: boolean;
  readonly DEBUG_PREEMPT: boolean;
  readonly PREEMPT_RCU: boolean;
  readonly DETECT_HUNG_TASK: boolean;
  readonly FAILSLAB: boolean;
  readonly KCSAN: boolean;
  readonly KCSAN_STRICT: boolean;
  readonly KCSAN_REPORT_VALUE_CHANGE_ONLY: boolean;
  readonly KCSAN_ASSUME_PLAIN_WRITES_ATOMIC: boolean;
  readonly KCSAN_IGNORE_ATOMICS: boolean;
  /** Freed pages are handed out again (mm/page_frame.ts). */
  readonly SCYTHE_PAGE_REUSE: boolean;
  /** Scythe's own invariants, which no sanitizer checks (docs/checkers.md). */
  readonly SCYTHE_INVARIANTS: boolean;
}

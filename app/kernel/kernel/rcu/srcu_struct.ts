import type { Memory } from '../../../sim/memory.ts';
import { runningTask } from '../../../sim/machine-in-force.ts';
import { kernelGlobal } from '../../globals.ts';
import { Atomic } from '../../include/atomic.ts';
import { kernel } from '../../kernel.ts';
import { reserve, Struct } from '../../struct.ts';
import { LockdepMap } from '../locking/lockdep.ts';
import { Mutex } from '../locking/mutex.ts';
import { Spinlock } from '../locking/spinlock.ts';
import { Completion } from '../sched/completion.ts';
import { Timer, timer_setup } from '../time/timer.ts';
import { DelayedWork, INIT_DELAYED_WORK, INIT_WORK, Work, Workqueue } from '../workqueue.ts';
import { RcuHead } from './rcu_head.ts';
import { process_srcu, srcu_delay_timer, srcu_invoke_callbacks, srcu_work_in_search } from './srcu_gp.ts';
import { SrcuCount, SrcuReaders } from './srcu_readers.ts';
import { isPlain, SrcuCallbacks } from './srcu_search.ts';

/** Low two bits of `srcu_gp_seq`. */
export const SRCU_STATE_IDLE = 0;
export const SRCU_STATE_SCAN1 = 1;
export const SRCU_STATE_SCAN2 = 2;
export const RCU_SEQ_STATE_MASK = 3;

/** Grace periods and callbacks of all kinds of RCU run here. */
export const rcu_gp_wq = kernelGlobal('rcu_gp_wq', () => new Workqueue('rcu_gp'));

interface QueuedCallback {
  readonly head: RcuHead;
  /** Ready once `srcu_gp_seq` has come to this. */
  readonly seq: number;
}

/** struct srcu_data - one CPU's part of an srcu_struct. */
export class SrcuData extends Struct {
  /** By index. */
  readonly srcu_lock_count: readonly [SrcuCount, SrcuCount];
  readonly srcu_unlock_count: readonly [SrcuCount, SrcuCount];
  /** Protects all below. */
  readonly lock: Spinlock;
  /** Callbacks that are not being invoked yet, in order. */
  cblist: QueuedCallback[] = [];
  /** Those and the ones being invoked. */
  cblist_len = 0;
  /** Up to this grace period callbacks were found ready. */
  advanced = 0;
  srcu_cblist_invoking = false;
  srcu_gp_seq_needed = 0;
  srcu_gp_seq_needed_exp = 0;
  readonly srcu_barrier_head: RcuHead;
  /** Invokes the callbacks. */
  readonly work: Work;
  /** Delays `work`. */
  readonly delay_work: Timer;

  constructor(
    readonly ssp: SrcuStruct,
    readonly cpu: number,
    memory: Memory,
    path: string,
  ) {
    super(memory, `${path}sda[${cpu}].`);
    const count = (what: string, idx: 0 | 1): SrcuCount =>
      new SrcuCount(`${this.path}${what}[${idx}]`, memory, ssp.readers[idx]);
    this.srcu_lock_count = [count('srcu_lock_count', 0), count('srcu_lock_count', 1)];
    this.srcu_unlock_count = [count('srcu_unlock_count', 0), count('srcu_unlock_count', 1)];
    this.lock = new Spinlock('&ACCESS_PRIVATE(sdp, lock)', memory);
    this.srcu_barrier_head = new RcuHead(memory, `${this.path}srcu_barrier_head.`, this);
    this.work = new Work('&sdp->work', memory, this);
    this.delay_work = new Timer(memory, `${this.path}delay_work.`, this);
    INIT_WORK(this.work, srcu_invoke_callbacks);
    timer_setup(this.delay_work, srcu_delay_timer);
  }

  /** Callbacks wait for a grace period, as far as the last look at the list knew. */
  get pending(): boolean {
    return this.cblist.some(({ seq }) => seq > this.advanced);
  }

  /** Callbacks may be invoked. */
  get ready(): boolean {
    return this.cblist.some(({ seq }) => seq <= this.advanced);
  }
}

/** A scan that found readers: it need not be repeated before one of them has left. */
interface FailedScan {
  readonly readers: SrcuReaders;
  readonly seen: number;
}

/**
 * struct srcu_struct with its srcu_usage - readers that may sleep, and those who wait for them.
 *
 * Lock order: srcu_gp_mutex outside srcu_cb_mutex outside `lock`; a CPU's srcu_data->lock is taken alone.
 */
export class SrcuStruct extends Struct {
  readonly dep_map: LockdepMap;
  /** For reports; one per index. */
  readonly readers: readonly [SrcuReaders, SrcuReaders];
  /** Bit 0: the index that readers use who enter now. Written by the grace period. */
  readonly srcu_idx = this.field('srcu_idx', 0);
  /** Number and state of the grace period. Written under `lock`. */
  readonly srcu_gp_seq = this.field('srcu_gp_seq', 0);
  /** The latest grace period that somebody wants, and that somebody wants soon. Written under `lock`. */
  readonly srcu_gp_seq_needed = this.field('srcu_gp_seq_needed', 0);
  readonly srcu_gp_seq_needed_exp = this.field('srcu_gp_seq_needed_exp', 0);
  /** Only times depend on these: the jiffy of the start, looks without a delay, the end of the last one in ns. */
  srcu_gp_start = 0;
  srcu_n_exp_nodelay = 0;
  srcu_last_gp_end = 0;
  reschedule_jiffies = 0;
  reschedule_count = 0;
  readonly lock: Spinlock;
  /** Held while a grace period is pushed on. */
  readonly srcu_gp_mutex: Mutex;
  /** Keeps a second grace period from ending while callbacks of the last one are being scheduled. */
  readonly srcu_cb_mutex: Mutex;
  /** Serialises srcu_barrier(). */
  readonly srcu_barrier_mutex: Mutex;
  /** Written under srcu_barrier_mutex; who asks for a barrier looks without it. Callbacks count down and complete. */
  readonly srcu_barrier_seq = this.field('srcu_barrier_seq', 0);
  readonly srcu_barrier_completion: Completion;
  readonly srcu_barrier_cpu_cnt: Atomic;
  /** Pushes grace periods on. */
  readonly work: DelayedWork;
  /** For process_srcu() only, which never runs twice at once. */
  failed: FailedScan | null = null;
  readonly sda: readonly SrcuData[];
  /** In a search, in place of all that is about grace periods. */
  readonly callbacks: SrcuCallbacks;
  /** In a search: callbacks whose grace period has not ended. */
  readonly unended = this.counter('unended');
  /** In a search: is the timer deleted that leads to callbacks, and did any fall to that? */
  readonly cancelled = this.field('cancelled', false);
  readonly lost = this.field('lost', false);

  constructor(
    /** As lockdep shows it: `srcu`, `&kvm->srcu`. */
    readonly srcuName: string,
    memory: Memory = reserve('global', srcuName, SRCU_STRUCT_SIZE),
  ) {
    super(memory, pathOf(srcuName));
    this.dep_map = new LockdepMap(srcuName, { inner: 'inv' }, memory);
    this.readers = [new SrcuReaders(srcuName, 0), new SrcuReaders(srcuName, 1)];
    this.callbacks = new SrcuCallbacks(`the callbacks of ${srcuName}`, memory);
    this.lock = new Spinlock('&ACCESS_PRIVATE(ssp->srcu_sup, lock)', memory);
    this.srcu_gp_mutex = new Mutex('&ssp->srcu_sup->srcu_gp_mutex', memory);
    this.srcu_cb_mutex = new Mutex('&ssp->srcu_sup->srcu_cb_mutex', memory);
    this.srcu_barrier_mutex = new Mutex('&ssp->srcu_sup->srcu_barrier_mutex', memory);
    this.srcu_barrier_completion = new Completion('&ssp->srcu_sup->srcu_barrier_completion', memory);
    this.srcu_barrier_cpu_cnt = new Atomic(`${this.path}srcu_barrier_cpu_cnt`, 0, memory);
    this.work = new DelayedWork('&(&ssp->srcu_sup->work)->work', memory, this);
    INIT_DELAYED_WORK(this.work, isPlain(this) ? srcu_work_in_search : process_srcu);
    this.sda = Array.from({ length: kernel().cpus }, (_, cpu) => new SrcuData(this, cpu, memory, this.path));
  }
}

const SRCU_STRUCT_SIZE = 704;

/** `srcu.` of `&kvm->srcu` and of `srcu`. */
function pathOf(name: string): string {
  return `${name.slice(Math.max(name.lastIndexOf('>'), name.lastIndexOf('&')) + 1)}.`;
}

export const rcu_seq_state = (seq: number): number => seq % 4;
/** The number at which a grace period that starts after now will have ended. */
export const rcu_seq_snap = (seq: number): number => Math.floor((seq + 2 * RCU_SEQ_STATE_MASK + 1) / 4) * 4;
export const rcu_seq_set_state = (seq: number, state: number): number => seq - rcu_seq_state(seq) + state;
export const rcu_seq_end = (seq: number): number => rcu_seq_set_state(seq, RCU_SEQ_STATE_MASK) + 1;

export const thisCpuData = (ssp: SrcuStruct): SrcuData => ssp.sda[runningTask().cpu % kernel().cpus];

/** The modelled kernel as it stands after so many steps, as plain data. Addresses are the model's own. */
export interface Inspection {
  step: number;
  nowNs: number;
  lastTask: number | null;
  last: string;
  tasks: {
    id: number;
    pid: number;
    tgid: number;
    comm: string;
    kind: 'user' | 'kthread' | 'irq';
    cpu: number | null;
    state: 'running' | 'runnable' | 'blocked' | 'sleeping' | 'stopped' | 'ended';
    letter: string;
    waitsFor: string | null;
    waitsForTasks: number[];
    next: string | null;
    /** Innermost first. */
    stack: { function: string; file: string | null; line: number | null }[];
    held: { name: string; object: string; mode: 'exclusive' | 'shared'; function: string }[];
    context: {
      preempt_count: number;
      irqs_disabled: boolean;
      softirq: boolean;
      rcu_read_lock_nesting: number;
      non_block_count: number;
      rt_priority: number | null;
      migration_disabled: number;
    };
    mm: string | null;
  }[];
  locks: { name: string; object: string; kind: string; state: string; owners: number[]; waiters: number[] }[];
  lockGraph: { classes: string[]; edges: { from: number; to: number; at: string }[]; cycle: number[] };
  mms: {
    address: string;
    dead: boolean;
    tasks: number[];
    counters: Record<string, number>;
    flags: string[];
    vmas: { start: string; end: string; flags: string; name: string; dead: boolean; ptes: Mapping[] }[];
  }[];
  pages: { pfn: number; refcount: number; mapcount: number; flags: string[]; dead: boolean }[];
  kvms: {
    address: string;
    dead: boolean;
    mm: string | null;
    counters: Record<string, number>;
    memslots: { id: number; base_gfn: number; npages: number; userspace_addr: string }[];
    sptes: { gfn: number; pfn: number; writable: boolean; dead: boolean }[];
  }[];
  subscriptions: {
    owner: string;
    where: 'mm' | 'stack' | 'interval';
    dead: boolean;
    nodes: {
      address: string;
      name: string;
      memory: string;
      dead: boolean;
      next: string | null;
      pprev: string | null;
      users: number | null;
      detail: string;
    }[];
  }[];
  srcu: {
    name: string;
    idx: number;
    readers: [number, number];
    readingTasks: { task: number; idx: number }[];
    gp: string;
    callbacks: { func: string; state: string }[];
  }[];
  timers: { function: string; expiresNs: number; armed: boolean }[];
}

export interface Mapping {
  address: string;
  pfn: number;
  flags: string[];
  dead: boolean;
}

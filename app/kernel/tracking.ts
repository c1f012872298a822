import type { Cell } from '../sim/cell.ts';
import { Memory, type MemoryKind } from '../sim/memory.ts';
import { Operation } from '../sim/operation.ts';
import type { Task } from '../sim/task.ts';
import { machineInForce } from '../sim/machine-in-force.ts';
import { kernel } from './kernel.ts';
import type { PageFrame } from './mm/page_frame.ts';
import { stack_trace, type StackEntry } from './stack.ts';

/** Who allocated or freed a piece of memory, and from where. */
export interface Track {
  readonly pid: number;
  readonly comm: string;
  readonly trace: readonly StackEntry[];
}

/** Memory of the modelled kernel: knows its allocator, and with KASAN who allocated and who freed it. */
export class KernelMemory extends Memory {
  declare origin: Track | null;
  declare end: Track | null;
  /** The slab cache, `kmalloc-64` or `vm_area_struct`; empty for other kinds. */
  cache = '';
  /** The last two places, newest first, that had work done on the object later: by RCU, a work queue. */
  aux: readonly Track[] = [];
  /** For an object on a stack: the stack, and the function whose frame it stands on. */
  stack: KernelMemory | null = null;
  frame = '';
  /** For a page that can be handed out again: what stays with it. */
  pageFrame: PageFrame | null = null;
  /** The first two words of a slab object, for objects of which somebody looks at them: see spoil(). */
  firstWords: readonly [Cell<number>, Cell<number>] | null = null;

  constructor(kind: MemoryKind, label: string, size: number, address: number) {
    super(kind, label, size, address);
    this.origin = null;
    this.end = null;
  }

  override free(): Operation<void> {
    return new TrackedFree(this);
  }
}

class TrackedFree extends Operation<void> {
  constructor(private readonly target: KernelMemory) {
    super('free', target, 'write');
  }

  /** A second free touches dead memory, too. */
  override get memory(): Memory {
    return this.target;
  }

  override execute(task: Task): void {
    if (!this.target.alive) return;
    if (remembers(this.target.kind)) this.target.end = trackOf(task);
    if (this.target.firstWords !== null && kernel().config.KASAN) spoil(this.target, task);
    this.target.pageFrame?.poison();
    machineInForce().endLifetime(this.target, task);
    kernel().hooks.emit('freed', this.target);
  }
}

/**
 * struct kasan_free_meta - what KASAN writes into an object that is freed: the link of its quarantine, a pointer, and
 * who freed it, in two halves (mm/kasan/kasan.h). Whoever still reads the object goes on with these.
 *
 * Leaves out: that the link is NULL until the same CPU frees the next object.
 */
function spoil({ firstWords, address, size }: KernelMemory, task: Task): void {
  if (firstWords === null) return;
  const [link, track] = firstWords;
  link.value = SLAB_BASE + address + size;
  track.value = STACK_HANDLE * 0x100000000 + whoIs(task).pid;
}

const SLAB_BASE = 0xff11000000000000;
/** An index into the depot of stacks; any. */
const STACK_HANDLE = 0x14c0043;

/** Does anybody remember who allocated and freed this kind of memory? */
export function remembers(kind: MemoryKind): boolean {
  const { config } = kernel();
  return (kind === 'slab' && config.KASAN) || (kind === 'stack' && config.SCYTHE_INVARIANTS);
}

export function trackOf(task: Task): Track {
  return { ...whoIs(task), trace: stack_trace(task) };
}

/** As reports name a task; an interrupt that is no thread goes by its label. */
export function whoIs(task: Task): { readonly pid: number; readonly comm: string } {
  const { pid = 0, comm = task.label } = (task.context ?? {}) as { pid?: number; comm?: string };
  return { pid, comm };
}

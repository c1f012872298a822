import type { Call } from '../../sim/call.ts';
import { runningTaskOrNull } from '../../sim/machine-in-force.ts';
import { Operation } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';
import { slotOf } from '../addresses.ts';
import { __GFP_ACCOUNT, gfpflags_allow_blocking } from '../include/gfp.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import { reserve, type Struct, type StructClass } from '../struct.ts';
import { remembers, trackOf, type KernelMemory } from '../tracking.ts';
import { __should_failslab } from './failslab.ts';

/** What an allocation is called in reports and events, how big it is, and which cache it comes from. */
export interface AllocOptions {
  /** By default the name of the struct's class. */
  readonly label?: string;
  /** Bytes; by default 64. */
  readonly size?: number;
  /** By default the kmalloc cache for the size. */
  readonly cache?: string;
}

/** The largest size that kmalloc() takes from a cache; bigger ones are whole pages. */
export const KMALLOC_MAX_CACHE_SIZE = 8192;

/** A slab cache for one kind of struct. */
export interface KmemCache {
  readonly name: string;
  readonly object_size: number;
}

export function kmem_cache_create(name: string, size: number): KmemCache {
  return { name, object_size: size };
}

/**
 * kmalloc() - a struct of its own, or null where memory lacks.
 *
 * Context: may sleep unless the flags forbid it. Return: the struct, its fields as its class makes them, or null.
 * Models: mm/slub.c. Leaves out: the slabs behind the caches; freed objects are never handed out again, as
 * KASAN's quarantine has it.
 */
export function kmalloc<S extends Struct>(
  Class: StructClass<S>,
  gfp: number,
  options: AllocOptions = {},
): Call<S | null> {
  return __kmalloc_cache_noprof(Class, gfp, options) as Call<S | null>;
}

/** kzalloc() - as kmalloc(); structs of the model start out zeroed in any case. */
export const kzalloc: typeof kmalloc = kmalloc;

/** kmem_cache_alloc() - a struct from a cache of its kind, or null. */
export function kmem_cache_alloc<S extends Struct>(
  cache: KmemCache,
  Class: StructClass<S>,
  gfp: number,
  label?: string,
): Call<S | null> {
  return kmem_cache_alloc_noprof(cache, Class, gfp, label) as Call<S | null>;
}

export const __kmalloc_cache_noprof = kfunc(
  '__kmalloc_cache_noprof',
  function* (Class: StructClass<Struct>, gfp: number, options: AllocOptions) {
    const size = options.size ?? 64;
    might_alloc(gfp);
    if (kernel().faults.armed && (yield* __should_failslab(options.label ?? Class.name, size, gfp)))
      return null;
    const kind = size > KMALLOC_MAX_CACHE_SIZE ? 'page' : 'slab';
    const memory = reserve(kind, options.label ?? Class.name, size);
    memory.cache = options.cache ?? kmallocCache(size, gfp);
    yield* new Allocate(memory);
    return new Class(memory);
  },
);

export const kmem_cache_alloc_noprof = kfunc(
  'kmem_cache_alloc_noprof',
  function* (cache: KmemCache, Class: StructClass<Struct>, gfp: number, label?: string) {
    might_alloc(gfp);
    if (kernel().faults.armed && (yield* __should_failslab(label ?? cache.name, cache.object_size, gfp)))
      return null;
    const memory = reserve('slab', label ?? cache.name, cache.object_size);
    memory.cache = cache.name;
    yield* new Allocate(memory);
    return new Class(memory);
  },
);

/** kfree() - ends the life of a struct from kmalloc(). Null is allowed and does nothing. */
export const kfree = kfunc('kfree', function* (object: Struct | null) {
  if (object !== null) yield* object.memory.free();
});

/** kmem_cache_free() - gives a struct back to its cache. */
export const kmem_cache_free = kfunc('kmem_cache_free', function* (_cache: KmemCache, object: Struct) {
  yield* object.memory.free();
});

/** might_alloc() - an allocation that may sleep must not be where sleeping is forbidden. */
export function might_alloc(gfp: number): void {
  // Boot runs where no task is, and may do as it likes.
  if (runningTaskOrNull() !== null && gfpflags_allow_blocking(gfp))
    might_sleep('include/linux/sched/mm.h', 321);
}

/** The birth of memory. On an object that nobody else has yet, so it commutes with everything. */
export class Allocate extends Operation<void> {
  constructor(private readonly target: KernelMemory) {
    super('alloc', target, 'write');
  }

  override execute(task: Task): void {
    if (remembers(this.target.kind)) this.target.origin = trackOf(task);
    kernel().hooks.emit('allocated', this.target);
  }
}

/** `kmalloc-96`, `kmalloc-cg-4k`: the cache that serves a size. */
export function kmallocCache(size: number, gfp: number): string {
  const slot = size > 64 && size <= 96 ? 96 : size > 128 && size <= 192 ? 192 : slotOf(size);
  const name = slot >= 1024 ? `${slot / 1024}k` : `${slot}`;
  return `kmalloc-${(gfp & __GFP_ACCOUNT) !== 0 ? 'cg-' : ''}${name}`;
}

import type { Body, Call } from '../../sim/call.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import { reserve, type Struct, type StructClass } from '../struct.ts';
import { __should_fail_alloc_page } from './failslab.ts';
import { Allocate, kfree, kzalloc, might_alloc, type AllocOptions } from './slab.ts';

/**
 * __vmalloc() - a struct in pages of its own, mapped next to each other; null where memory lacks.
 *
 * Context: may sleep. Models: mm/vmalloc.c. Leaves out: the tree of areas; no address is used twice.
 */
export function __vmalloc<S extends Struct>(
  Class: StructClass<S>,
  gfp: number,
  options: AllocOptions = {},
): Call<S | null> {
  return __vmalloc_noprof(Class, gfp, options) as Call<S | null>;
}

/** vmalloc() - as __vmalloc() with GFP_KERNEL. */
export function vmalloc<S extends Struct>(Class: StructClass<S>, options: AllocOptions = {}): Call<S | null> {
  return __vmalloc(Class, GFP_KERNEL, options);
}

/** vzalloc() - as vmalloc(); structs of the model start out zeroed in any case. */
export const vzalloc: typeof vmalloc = vmalloc;

export const __vmalloc_noprof = kfunc(
  '__vmalloc_noprof',
  function* (Class: StructClass<Struct>, gfp: number, options: AllocOptions) {
    might_alloc(gfp);
    if (kernel().faults.rules.length > 0 && (yield* __should_fail_alloc_page(0))) return null;
    const memory = reserve('vmalloc', options.label ?? Class.name, options.size ?? 4096);
    yield* new Allocate(memory);
    return new Class(memory);
  },
);

/** vfree() - ends the life of a struct from vmalloc() and unmaps its pages. Null does nothing. */
export const vfree = kfunc('vfree', function* (object: Struct | null) {
  might_sleep('mm/vmalloc.c', 3419);
  if (object !== null) yield* object.memory.free();
});

/**
 * kvzalloc() - from a slab cache if it can be had there, from vmalloc() else.
 *
 * Context: may sleep. Return: the struct, or null if both fail. Models: mm/slub.c (__kvmalloc_node).
 */
export function* kvzalloc<S extends Struct>(
  Class: StructClass<S>,
  gfp: number,
  options: AllocOptions = {},
): Body<S | null> {
  return (yield* kzalloc(Class, gfp, options)) ?? (yield* __vmalloc(Class, gfp, options));
}

/** kvfree() - frees what kvzalloc(), kmalloc() or vmalloc() gave. */
export const kvfree = kfunc('kvfree', function* (object: Struct | null) {
  if (object?.memory.kind === 'vmalloc') yield* vfree(object);
  else yield* kfree(object);
});

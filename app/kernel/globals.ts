import { kernel, type Kernel } from './kernel.ts';

interface GlobalDefinition {
  readonly name: string;
  readonly create: () => unknown;
  slot: number;
}

const definitions: GlobalDefinition[] = [];

/**
 * A global variable of the kernel. Each kernel has its own instance, made at boot:
 *
 *     export const oom_lock = kernelGlobal('oom_lock', () => new Mutex('oom_lock'));
 *     yield* mutex_lock(oom_lock());
 */
export function kernelGlobal<Value>(name: string, create: () => Value): () => Value {
  const definition: GlobalDefinition = { name, create, slot: -1 };
  definitions.push(definition);
  return () => kernel().globals[definition.slot] as Value;
}

/** The names of all of them. */
export function globalNames(): readonly string[] {
  return definitions.map(({ name }) => name);
}

/** How many definitions were there when they were sorted last. */
let sorted = 0;

/**
 * Makes every global of a kernel, in alphabetical order of names: object ids must not depend on the order
 * in which modules were loaded.
 */
export function createGlobals(of: Kernel): void {
  if (sorted !== definitions.length) {
    definitions.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    definitions.forEach((definition, slot) => {
      definition.slot = slot;
    });
    sorted = definitions.length;
  }
  for (const definition of definitions) of.globals[definition.slot] = definition.create();
}

interface InitFunction {
  readonly name: string;
  readonly order: number;
  readonly run: () => void;
}

const initFunctions = new Map<string, InitFunction>();

/** When things are set up: lower first; within one order by name. */
export const INIT = {
  /** Per-CPU helpers: softirqs, workqueues, RCU. */
  EARLY: 1,
  /** Subsystems and their kernel threads. */
  SUBSYS: 4,
  /** Devices and files. */
  DEVICE: 6,
  /** Whatever wants all the rest to be there. */
  LATE: 7,
} as const;

/**
 * Registers a function that runs when a kernel boots, outside of any task: it may create objects and start kernel
 * threads (`kthread_at_boot`), and performs no operations.
 */
export function kernelInit(name: string, order: number, run: () => void): void {
  if (initFunctions.has(name)) throw new Error(`the init function ${name} is registered twice`);
  initFunctions.set(name, { name, order, run });
}

/** All init functions in the order in which they run. */
export function initcalls(): readonly InitFunction[] {
  if (inOrder.length !== initFunctions.size) {
    inOrder = [...initFunctions.values()].sort(
      (a, b) => a.order - b.order || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
  }
  return inOrder;
}

let inOrder: readonly InitFunction[] = [];

import { kernel } from '../kernel.ts';
import { sysctl } from './sysctl.ts';

// What makes a panic of lesser troubles, and what comes after one: settings below /proc/sys/kernel, whose values at
// boot come from the command line.

export const PANIC_AT_BOOT = {
  'kernel.hung_task_panic': () => flag('hung_task_panic'),
  'kernel.panic': () => numberOf('panic') ?? 0,
  'kernel.panic_on_oops': () => (kernel().append.get('oops') === 'panic' ? 1 : 0),
  'kernel.panic_on_warn': () => flag('panic_on_warn'),
} as const;

export const panic_sysctl = (name: keyof typeof PANIC_AT_BOOT): number => sysctl(name, PANIC_AT_BOOT[name]());

/** Given without a value, it is meant. */
const flag = (word: string): number => ((numberOf(word) ?? Number(kernel().append.has(word))) === 0 ? 0 : 1);

function numberOf(word: string): number | null {
  const text = kernel().append.get(word);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : null;
}

import { machineInForce, runningTask } from './machine-in-force.ts';

/**
 * Says at the head of a loop that the running function keeps nothing of what it has seen so far, in earlier rounds or
 * before, but `values`: all that it will still look at in its own variables and in what only its own task can see. They
 * have to tell by their looks what they are. Nothing happens; a search for states then takes two rounds that begin
 * alike for the same.
 */
export function keepOnly(...values: readonly unknown[]): void {
  machineInForce().observer?.forgot?.(runningTask(), values);
}

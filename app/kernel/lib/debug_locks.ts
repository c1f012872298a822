import { kernelGlobal } from '../globals.ts';

const state = kernelGlobal('debug_locks', () => ({ on: true }));

/** Is lock debugging still to be trusted? One report of any kind that corrupts its books ends it for good. */
export function debug_locks(): boolean {
  return state().on;
}

/** Switches lock debugging off. Return: true if it was on. */
export function debug_locks_off(): boolean {
  const was = state().on;
  state().on = false;
  return was;
}

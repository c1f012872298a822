import { ns, type Ns } from '../../../base/brand.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
import { StepClock } from '../../../sim/step-clock.ts';
import { config } from '../../kernel.ts';

const NSEC_PER_SEC = 1_000_000_000;

/**
 * Does time pass as in a timed run? A search ignores time: there, whatever would compare times must not let its
 * answer depend on the order of operations that commute, and asks here first.
 */
export function timed(): boolean {
  return !(machineInForce().clock instanceof StepClock);
}

/** Ticks since boot. Virtual time decides; no periodic work keeps the count. */
export function jiffies(): number {
  return jiffiesAt(machineInForce().now);
}

export function jiffiesAt(moment: Ns): number {
  return Math.floor((moment * config().HZ) / NSEC_PER_SEC);
}

/** The moment of a tick: when `jiffies()` becomes `jiffy`. */
export function tickTime(jiffy: number, hz: number = config().HZ): Ns {
  return ns(Math.ceil((jiffy * NSEC_PER_SEC) / hz));
}

/** Milliseconds in jiffies, rounded up: a timeout must not end early. */
export function msecs_to_jiffies(milliseconds: number): number {
  return Math.ceil((milliseconds * config().HZ) / 1000);
}

export function jiffies_to_msecs(count: number): number {
  return Math.floor((count * 1000) / config().HZ);
}

/** The nanoseconds since boot that time stamps are made of. */
export function ktime_get_mono_fast_ns(): Ns {
  return machineInForce().now;
}

/** Bits of time of which one level of the timer wheel has less than the level below it. */
const LVL_CLK_SHIFT = 3;
/** Slots per level. */
const LVL_SIZE = 64;
const LVL_DEPTH = 9;

/**
 * The jiffy at which a timer that is armed now for `expires` fires: the start of the slot of the timer wheel
 * behind the one of `expires`, so never early and at least one tick late. Slots of far timers are coarse.
 */
export function wheelExpiry(expires: number, now: number): number {
  const delta = expires - now;
  if (delta < 0) return now;
  let granularity = 1;
  for (let level = 0; level < LVL_DEPTH - 1 && delta >= (LVL_SIZE - 1) * granularity; level++) {
    granularity *= 1 << LVL_CLK_SHIFT;
  }
  return (Math.floor(expires / granularity) + 1) * granularity;
}

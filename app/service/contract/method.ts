import type { z } from 'zod';

/** A request with one answer. */
export interface Method<Params extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> {
  readonly params: Params;
  readonly result: Result;
}

/** Something that happens again and again. */
export interface Topic<Params extends z.ZodType = z.ZodType, Event extends z.ZodType = z.ZodType> {
  readonly params: Params;
  readonly event: Event;
}

export function method<Params extends z.ZodType, Result extends z.ZodType>(
  params: Params,
  result: Result,
): Method<Params, Result> {
  return { params, result };
}

export function topic<Params extends z.ZodType, Event extends z.ZodType>(
  params: Params,
  event: Event,
): Topic<Params, Event> {
  return { params, event };
}

// Without schemas: pages that are opened without the workbench hold this file too, and shall stay small.

/** No message is larger (bytes): a million events of a trace take about 40 MB. */
export const LARGEST_MESSAGE = 256 * 1024 * 1024;

export const errorCodes = [
  'invalid',
  'not-found',
  'conflict',
  'too-large',
  'cancelled',
  'unavailable',
  'forbidden',
  'failed',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** A request that the service could not carry out, on both sides of the border. */
export class ServiceError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly fix: string | null = null,
  ) {
    super(message);
    this.name = 'ServiceError';
  }
}

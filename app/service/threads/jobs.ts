import type { Job, Start, Tell } from './messages.ts';
import { matrixJob } from './matrix-job.ts';
import { runJob } from './run-job.ts';
import { searchJob } from './search-job.ts';

/** Begins what a thread was started for. */
export function begin(start: Start, tell: Tell): Job | Promise<Job> {
  switch (start.kind) {
    case 'run':
      return runJob(start, tell);
    case 'search':
      return searchJob(start, tell);
    case 'matrix':
      return matrixJob(start, tell);
  }
}

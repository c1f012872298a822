import { Worker } from 'node:worker_threads';
import type { Opened, Settings } from '../../scenario/search.ts';
import { perform } from './worker.ts';
import type { Job, JobResult, WorkerStart } from './protocol.ts';

/** Does pieces of work, several at a time. */
export interface Pool {
  readonly size: number;
  /**
   * Does jobs and gives the results in the order of the jobs. Once `stop` says so, no further job is begun:
   * the results are then those of the first so many jobs.
   */
  run(jobs: readonly Job[], stop: () => boolean): Promise<JobResult[]>;
  close(): Promise<void>;
}

/** Everything in this thread. */
export function localPool(opened: Opened, settings: Settings): Pool {
  return {
    size: 1,
    run: async (jobs, stop) => {
      const results: JobResult[] = [];
      for (const job of jobs) {
        if (stop()) break;
        results.push(perform(opened, settings, job));
        // Lets Ctrl-C come through.
        await new Promise((next) => setImmediate(next));
      }
      return results;
    },
    close: () => Promise.resolve(),
  };
}

/** Threads that run this very program; each opens the target for itself. */
export function threadPool(size: number, { target }: Opened, settings: Settings): Pool {
  const start: WorkerStart = { scytheSearch: { target, settings } };
  const workers = Array.from(
    { length: size },
    () => new Worker(new URL(import.meta.url), { workerData: start }),
  );
  return {
    size,
    run: async (jobs, stop) => {
      const results: JobResult[] = [];
      let next = 0;
      const work = async (worker: Worker): Promise<void> => {
        while (next < jobs.length && !stop()) {
          const at = next++;
          results[at] = await ask(worker, jobs[at]);
        }
      };
      await Promise.all(workers.map(work));
      return results;
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, job: Job): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onMessage = (result: JobResult) => {
      settle();
      resolve(result);
    };
    const onError = (error: unknown) => {
      settle();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onExit = (code: number) => {
      settle();
      reject(new Error(`a search worker ended with ${code}`));
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(job);
  });
}

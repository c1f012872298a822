import { Worker } from 'node:worker_threads';
import type { Opened, Settings } from '../../scenario/search.ts';
import type { Job, JobResult, WorkerStart } from './protocol.ts';

/** A thread that runs this very program and does one piece of work after the other. It opens the target for itself. */
export class Helper {
  private readonly wanted = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;

  constructor({ target }: Opened, settings: Settings) {
    const { buffer } = this.wanted;
    const start: WorkerStart = { scytheSearch: { target, settings, wanted: buffer } };
    this.worker = new Worker(new URL(import.meta.url), { workerData: start });
  }

  /** Does a job; the next one can be asked for when this one is done. */
  ask(job: Job): Promise<JobResult> {
    const { worker } = this;
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

  /** Lets the thread stop exploring a part after the execution that it is at, and answer. */
  want(number: number): void {
    Atomics.store(this.wanted, 0, number);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

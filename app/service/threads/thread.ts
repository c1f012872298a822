import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ServiceError } from '../contract/wire.ts';
import type { FromThread, Start, ToThread } from './messages.ts';
import { serve } from './serve.ts';

/** The service's end of the line to a thread. */
export interface Thread {
  /** Asks the thread, which answers once its work is done. */
  ask<Value>(method: string, ...args: readonly unknown[]): Promise<Value>;
  /** Ends it where it stands and gives its memory back. */
  end(): Promise<void>;
}

export type News = (news: unknown) => void;

/** Starts threads. */
export type StartThread = (start: Start, onNews: News) => Thread;

/** Of one thread: recordings of the longest runs take about so much (MB). */
const MOST_MEMORY = 4096;

/**
 * Threads as the host has them: of the bundled program if it is there, else in this very thread, as in tests, where
 * the sources are run that Node cannot read.
 */
export function threadStarter(program: string | null): StartThread {
  if (program === null) return inThisThread;
  return (start, onNews) => inWorker(program, start, onNews);
}

/** The bundle of worker.ts, beside the bundles of the hosts. Null when run from the sources. */
export function bundledProgram(): string | null {
  for (const place of ['../service/worker.js', './worker.js', './service/worker.js']) {
    const file = fileURLToPath(new URL(place, import.meta.url));
    if (!import.meta.url.endsWith('.ts') && existsSync(file)) return file;
  }
  return null;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

class Line {
  private readonly waiting = new Map<number, Waiting>();
  private ids = 0;
  private over: ServiceError | null = null;

  constructor(
    private readonly post: (message: ToThread) => void,
    private readonly onNews: News,
  ) {}

  ask<Value>(method: string, args: readonly unknown[]): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      if (this.over !== null) {
        reject(this.over);
        return;
      }
      const id = ++this.ids;
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.post({ id, method, args });
    });
  }

  receive(message: FromThread): void {
    if (this.over !== null) return;
    if (message.type === 'news') {
      this.onNews(message.news);
      return;
    }
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.type === 'answer') waiting?.resolve(message.value);
    else waiting?.reject(new ServiceError('failed', message.message, message.fix));
  }

  close(error: ServiceError): void {
    if (this.over !== null) return;
    this.over = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

const ENDED = () => new ServiceError('cancelled', 'it was closed');

function inThisThread(start: Start, onNews: News): Thread {
  let open = true;
  // Messages arrive later, as from another thread.
  const line = new Line((message) => setImmediate(() => open && answer(message)), onNews);
  const answer = serve(start, (message) => {
    setImmediate(() => {
      line.receive(message);
    });
  });
  return {
    ask: (method, ...args) => line.ask(method, args),
    end: () => {
      open = false;
      line.close(ENDED());
      return Promise.resolve();
    },
  };
}

function inWorker(program: string, start: Start, onNews: News): Thread {
  const worker = new Worker(program, {
    workerData: { start },
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY },
    // What a host was started with is not for its threads.
    execArgv: [],
  });
  const line = new Line((message) => worker.postMessage(message), onNews);
  let ended = false;
  worker.on('message', (message: FromThread) => {
    line.receive(message);
  });
  const fail = (why: string) => {
    if (ended) return;
    ended = true;
    line.close(new ServiceError('failed', why));
    onNews({ kind: 'failed', message: why, fix: null });
  };
  worker.on('error', (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    fail(code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it needs more memory than there is for it' : message);
  });
  worker.on('exit', (code) => {
    fail(`its thread ended with ${code}`);
  });
  worker.unref();
  return {
    ask: (method, ...args) => line.ask(method, args),
    end: async () => {
      ended = true;
      line.close(ENDED());
      await worker.terminate();
    },
  };
}

import { InputError } from '../../scenario/issues.ts';
import { begin } from './jobs.ts';
import type { FromThread, Job, Start, ToThread } from './messages.ts';

/** The thread's end of the line: begins the job, then answers one question after the other. */
export function serve(start: Start, post: (message: FromThread) => void): (message: ToThread) => void {
  const job: Promise<Job> = Promise.resolve().then(() =>
    begin(start, (news) => {
      post({ type: 'news', news });
    }),
  );
  job.catch((error: unknown) => {
    const { message, fix } = told(error);
    post({ type: 'news', news: { kind: 'failed', message, fix } });
  });
  return ({ id, method, args }) => {
    job
      .then((ready) => {
        const handler = ready.methods[method];
        if (handler === undefined) throw new Error(`the thread knows no ${method}`);
        return handler(...(args as never[]));
      })
      .then(
        (value) => {
          post({ type: 'answer', id, value });
        },
        (error: unknown) => {
          post({ type: 'error', id, ...told(error) });
        },
      );
  };
}

function told(error: unknown): { message: string; fix: string | null } {
  if (error instanceof InputError) return { message: error.message, fix: error.issues[0].fix };
  return { message: error instanceof Error ? error.message : String(error), fix: null };
}

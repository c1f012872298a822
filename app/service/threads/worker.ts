// The program of the service's threads.
import { parentPort, workerData } from 'node:worker_threads';
import type { Start, ToThread } from './messages.ts';
import { serve } from './serve.ts';

const port = parentPort;
if (port === null) throw new Error('this is the program of a thread');
const answer = serve((workerData as { readonly start: Start }).start, (message) => {
  port.postMessage(message);
});
port.on('message', (message: ToThread) => {
  answer(message);
});

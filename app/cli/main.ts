import { main } from './command-line.ts';
import { isSearchWorker, serve } from './workers/worker.ts';

if (isSearchWorker()) serve();
else process.exitCode = await main(process.argv.slice(2));

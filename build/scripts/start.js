// npm start: opens the workbench. Arguments go on to its host: `npm start -- --no-open`.
import { ensureBuilt, ensureInstalled, ensurePageBuilt, runNode } from './bootstrap.js';

ensureInstalled();
ensureBuilt();
ensurePageBuilt();
process.exitCode = runNode(['dist/web/main.js', ...process.argv.slice(2)]);

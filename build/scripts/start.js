// npm start: runs the founding scenario in the terminal. Arguments go on to `scythe run`.
import { ensureBuilt, ensureInstalled, runNode } from './bootstrap.js';

ensureInstalled();
ensureBuilt();
const founding = ['run', 'scenarios/kvm-oom/reap.yaml', '--dmesg', '-'];
process.exitCode = runNode(['build/bin/scythe.js', ...founding, ...process.argv.slice(2)]);

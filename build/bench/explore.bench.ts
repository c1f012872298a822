// Executions per second of the search on the classic programs: `npm run bench -- explore`.
// Aims, on one core: lastzero:15 in 3.5 s, readers:16 in 0.65 s, indexer:16 in 1.5 s, at most 200 MB.
import { DporSearch } from '../../app/explore/dpor.ts';
import { classic } from '../../app/explore/programs/classics.ts';
import { runToEnd } from '../../app/explore/strategy.ts';

const RUNS = 3;
const expected: readonly (readonly [string, number])[] = [
  ['readers:16', 65_536],
  ['lastzero:15', 147_456],
  ['indexer:16', 32_768],
  ['filesystem:20', 128],
];

console.log('program        executions  blocked  seconds  executions/s  operations/s  peak MB');
for (const [name, executions] of expected) {
  const program = classic(name);
  if (program === null) throw new Error(`there is no program ${name}`);
  let best = Infinity;
  let statistics = new DporSearch(program).statistics;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    ({ statistics } = runToEnd(new DporSearch(program)));
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  if (statistics.executions !== executions) throw new Error(`${name}: ${statistics.executions} executions`);
  const columns = [
    name.padEnd(14),
    String(statistics.executions).padStart(10),
    String(statistics.blocked).padStart(8),
    best.toFixed(2).padStart(8),
    Math.round(statistics.executions / best)
      .toString()
      .padStart(13),
    Math.round(statistics.operations / best)
      .toString()
      .padStart(13),
    Math.round(process.resourceUsage().maxRSS / 1024)
      .toString()
      .padStart(8),
  ];
  console.log(columns.join(' '));
}

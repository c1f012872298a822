import { hashText } from '../../../base/hash.ts';
import type { LockClass } from '../../checkers/lockdep/classes.ts';
import {
  ENABLED_IRQ_ALL,
  IN_HARDIRQ,
  IN_SOFTIRQ,
  ENABLED_BIT,
  READ_BIT,
  USED,
  USED_READ,
  USED_IN_IRQ_ALL,
} from '../../checkers/lockdep/classes.ts';
import { lockdepBooks } from '../../kernel/locking/lockdep.ts';
import { debug_locks } from '../../lib/debug_locks.ts';
import { fixedDirectory, shown, type Entries } from '../pseudo.ts';

// Snapshots of the checker's books, which are no part of the machine's state.

/** `%p` of a class's key: hashed, as nobody is told addresses. */
const key = (lockClass: LockClass): string =>
  `00000000${hashText(`key of ${lockClass.name}`).toString(16).padStart(8, '0')}`;

/** Classes that can be reached along dependencies, without the class itself. */
function reachable(of: LockClass, direction: 'after' | 'before'): number {
  const seen = new Set([of]);
  const queue = [of];
  for (const at of queue) {
    for (const { from, to } of at[direction]) {
      const next = direction === 'after' ? to : from;
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen.size;
}

function classText(lockClass: LockClass): string {
  const [forwards, backwards] = [reachable(lockClass, 'after'), reachable(lockClass, 'before')];
  const counts = `FD:${String(forwards).padStart(5)} BD:${String(backwards).padStart(5)}`;
  const after = lockClass.after.map(({ to }) => ` -> [${key(to)}] ${to.name}\n`).join('');
  return `${key(lockClass)} ${counts} ${lockClass.usageChars}: ${lockClass.name}\n${after}\n`;
}

const row = (name: string, value: number, max?: number): string =>
  ` ${`${name}:`.padEnd(31)}${String(value).padStart(11)}${max === undefined ? '' : ` [max: ${max}]`}\n`;

/** lockdep_stats_show() */
function stats(): string {
  const { classes, chains } = lockdepBooks();
  const withAny = (mask: number): number => classes.filter(({ usage }) => (usage & mask) !== 0).length;
  const bit = (at: number): number => 1 << at;
  const direct = classes.reduce((sum, { after, before }) => sum + after.length + before.length, 0);
  const indirect = classes.reduce((sum, lockClass) => sum + reachable(lockClass, 'after'), 0);
  const [irqSafe, irqUnsafe] = [withAny(USED_IN_IRQ_ALL & 0x55), withAny(ENABLED_IRQ_ALL & 0x55)];
  const [hardSafe, hardUnsafe] = [withAny(bit(IN_HARDIRQ)), withAny(bit(IN_HARDIRQ | ENABLED_BIT))];
  const inContext = (context: number): number =>
    chains.filter(({ irqContext }) => irqContext === context).length;
  const hlocks = chains.reduce((sum, { classes: held }) => sum + held.length, 0);
  const depth = chains.reduce((most, { classes: held }) => Math.max(most, held.length), 0);
  const traces = classes.reduce((sum, { usageTraces, after }) => sum + usageTraces.length + after.length, 0);
  return [
    row('lock-classes', classes.length, 8192),
    ...[row('direct dependencies', direct, 32768), row('indirect dependencies', indirect)],
    row('all direct dependencies', irqUnsafe * irqSafe + hardUnsafe * hardSafe + direct),
    row('dependency chains', chains.length, 65536),
    ...[row('dependency chain hlocks used', hlocks, 327680), row('dependency chain hlocks lost', 0)],
    ...[row('in-hardirq chains', inContext(2)), row('in-softirq chains', inContext(1))],
    row('in-process chains', inContext(0)),
    ...[row('stack-trace entries', traces * 12, 524288), row('number of stack traces', traces)],
    row('number of stack hash chains', traces),
    row('combined max dependencies', (inContext(2) + 1) * (inContext(1) + 1) * (inContext(0) + 1)),
    ...[row('hardirq-safe locks', hardSafe), row('hardirq-unsafe locks', hardUnsafe)],
    row('softirq-safe locks', withAny(bit(IN_SOFTIRQ))),
    row('softirq-unsafe locks', withAny(bit(IN_SOFTIRQ | ENABLED_BIT))),
    ...[row('irq-safe locks', irqSafe), row('irq-unsafe locks', irqUnsafe)],
    row('hardirq-read-safe locks', withAny(bit(IN_HARDIRQ | READ_BIT))),
    row('hardirq-read-unsafe locks', withAny(bit(IN_HARDIRQ | ENABLED_BIT | READ_BIT))),
    row('softirq-read-safe locks', withAny(bit(IN_SOFTIRQ | READ_BIT))),
    row('softirq-read-unsafe locks', withAny(bit(IN_SOFTIRQ | ENABLED_BIT | READ_BIT))),
    row('irq-read-safe locks', withAny(USED_IN_IRQ_ALL & 0xaa)),
    row('irq-read-unsafe locks', withAny(ENABLED_IRQ_ALL & 0xaa)),
    row('uncategorized locks', classes.filter(({ usage }) => usage === bit(USED)).length),
    row('unused locks', classes.filter(({ usage }) => (usage & (bit(USED) | bit(USED_READ))) === 0).length),
    ...[row('max locking depth', depth), row('max bfs queue depth', 0)],
    ...[
      row('max lock class index', Math.max(0, classes.length - 1)),
      row('debug_locks', debug_locks() ? 1 : 0),
    ],
    '\n',
    ...[row('zapped classes', 0), row('zapped lock chains', 0), row('large chain blocks', 1)],
  ].join('');
}

const CONTEXTS = ['0', 'softirq', 'hardirq'];

/** Files that exist with PROVE_LOCKING. */
const lockdepFiles = (): Entries => ({
  lockdep: shown('l_show', function* () {
    return `all lock classes:\n${lockdepBooks().classes.map(classText).join('')}`;
  }),
  lockdep_chains: shown('lc_show', function* () {
    const chains = lockdepBooks().chains.map(
      ({ irqContext, classes }) =>
        `irq_context: ${CONTEXTS[irqContext]}\n${classes.map((held) => `[${key(held)}] ${held.name}\n`).join('')}\n`,
    );
    return `all lock chains:\n${chains.join('')}`;
  }),
  lockdep_stats: shown('lockdep_stats_show', function* () {
    return stats();
  }),
});

export const lockdepDirectory = fixedDirectory(lockdepFiles());

import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { O_WRONLY } from '../../kernel/include/fs.ts';
import { PAGE_SIZE, PMD_SIZE, VM_LOCKED } from '../../kernel/include/mm_types.ts';
import { close, madvise, mmap, open, pause, print, STDERR, touch, write } from '../userland/libc.ts';
import { becomeActor, expectMoreActors, rest, startGate } from '../userland/gate.ts';
import { shareMemory } from '../userland/process.ts';
import { withOptions } from './program.ts';

const NAME = 'mm_lab';

/** What a process does once the gate is open, with the memory that they share. */
type Action = (memory: Memory) => Body<number>;

/** Memory of the process: a part that was written to before, and behind it one that nobody has touched. */
interface Memory {
  readonly start: number;
  readonly bytes: number;
  readonly fresh: number;
}

function* leave(): Body<number> {
  return 0;
}

function* stay(): Body<number> {
  for (;;) yield* pause();
}

function* giveBack({ start, bytes }: Memory): Body<number> {
  yield* madvise(start, bytes, 'MADV_DONTNEED');
  return yield* stay();
}

function* fill({ start, bytes, fresh }: Memory): Body<number> {
  if (fresh > 0) yield* touch(start + bytes, fresh, 'write');
  return yield* stay();
}

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['exit', leave],
  ['pause', stay],
  ['dontneed', giveBack],
  ['fill', fill],
]);

function* behindGate(action: Action, memory: Memory): Body<number> {
  yield* startGate();
  return yield* action(memory);
}

function* asSharer(action: Action, memory: Memory): Body<number> {
  becomeActor();
  return yield* behindGate(action, memory);
}

/** Writes to a file of the lab's. */
function* tell(file: string, text: string): Body<void> {
  const fd = yield* open(`/sys/kernel/debug/${file}`, O_WRONLY);
  if (fd < 0) return;
  yield* write(fd, text);
  yield* close(fd);
}

export const mm_lab = withOptions(
  {
    name: NAME,
    summary:
      'Processes that share one address space (CLONE_VM without CLONE_THREAD) do one thing each, all at once.',
    operands: 'ACTION...',
    options: [
      { flag: '-p', value: 'PAGES', description: 'memory to fill before', default: 0 },
      {
        flag: '-n',
        value: 'PAGES',
        description: 'memory behind it that fill is the first to write to',
        default: 0,
      },
      { flag: '-a', value: 'MS', description: 'an asynchronous read is under way for so long', default: 0 },
      { flag: '-l', description: 'it is mlocked' },
      { flag: '-H', description: 'it is one huge page, of 2 MB' },
      { flag: '-c', description: 'a page of a driver whose close takes mmap_lock is mapped' },
    ],
    startsAtGate: true,
  },
  function* (options) {
    const actions = options.operands.map((name) => ACTIONS.get(name));
    const unknown = options.operands.filter((name) => !ACTIONS.has(name));
    if (unknown.length > 0 || actions.length === 0) {
      const known = [...ACTIONS.keys()].join(', ');
      yield* print(STDERR, `${NAME}: ${unknown[0] ?? 'no action'}: actions are ${known}\n`);
      return 2;
    }
    const huge = options.has('-H');
    const bytes = huge ? PMD_SIZE : Math.floor(options.number('-p')) * PAGE_SIZE;
    const fresh = Math.floor(options.number('-n')) * PAGE_SIZE;
    const start =
      bytes + fresh === 0
        ? 0
        : yield* mmap(bytes + fresh, { huge, flags: options.has('-l') ? VM_LOCKED : 0 });
    if (start < 0) return 1;
    if (bytes > 0) yield* touch(start, huge ? PAGE_SIZE : bytes, 'write');
    const memory: Memory = { start, bytes, fresh };
    if (options.has('-c')) yield* tell('mmap_close', '1');
    if (options.number('-a') > 0) yield* tell('aio_read', String(options.number('-a')));
    const [first = leave, ...others] = actions.filter((action) => action !== undefined);
    expectMoreActors(others.length);
    for (const action of others) yield* shareMemory(NAME, () => asSharer(action, memory));
    return yield* behindGate(first, memory);
  },
);

export const hold = withOptions(
  {
    name: 'hold',
    summary: 'Writes a text to a file, and closes it: what the file does when it is released, is done then.',
    operands: 'FILE TEXT',
    options: [],
    startsAtGate: true,
  },
  function* ({ operands }) {
    const [path, text] = operands;
    const fd = yield* open(path ?? '', O_WRONLY);
    const written = fd < 0 ? fd : yield* write(fd, text ?? '');
    if (written < 0) {
      yield* print(STDERR, `hold: ${path ?? ''}: ${strerror(written)}\n`);
      return 1;
    }
    yield* startGate();
    yield* close(fd);
    yield* rest();
    return 0;
  },
);

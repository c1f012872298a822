import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { waitOf } from '../../sim/ending.ts';
import { Lock } from '../../sim/lock.ts';
import { FORMATS, type Explanation } from '../diagram/explanation.ts';
import { render } from '../diagram/render.ts';
import type { Execution } from './execution.ts';
import type { Subject } from './focus.ts';
import { Order } from './order.ts';
import { explain } from './story.ts';
import { parent, pointer, remover, user, watch } from './testing/machines.ts';

function explained(execution: Execution, mark: string, subject: Subject): Explanation {
  return explain(execution, { title: mark, mark, at: Infinity, subject });
}

/** The report of a touch of dead memory. */
function useAfterFree(order: string): { execution: Execution; explanation: Explanation } {
  const { execution, shared } = watch(order, pointer, { user, remover });
  const said = execution.lines[0];
  const culprit = said.operation!;
  const explanation = explain(execution, {
    title: said.text,
    mark: said.text,
    at: said.at,
    subject: { kind: 'memory', culprit, memory: shared.object },
  });
  return { execution, explanation };
}

const linesIn = ({ diagram }: Explanation) => diagram.lines.map(({ actor, text }) => `${actor} ${text}`);

/** Both increment x in two steps; the first to read is the last to write. */
function lostUpdate(): Explanation {
  function* increment(x: Cell<number>): Body<void> {
    yield* x.write((yield* x.read()) + 1);
  }
  const { execution, shared } = watch('A B B A', () => new Cell(0, 'x'), { A: increment, B: increment });
  const culprit = execution.operations.at(-1)!;
  return explained(execution, 'x == 1', { kind: 'variable', culprit, object: shared });
}

describe('use after free', () => {
  // user                 remover
  //   lock
  //   read head
  //   unlock
  //                        lock
  //                        head = NULL
  //                        unlock
  //                        free
  //   read item->value
  const ORDER = 'user user user remover remover remover remover user';

  test('shows where the pointer is from, its removal, the free and the use, with the locks around them', () => {
    const { explanation } = useAfterFree(ORDER);
    expect(explanation.diagram.actors).toEqual([
      { label: 'CPU0', name: 'user' },
      { label: 'CPU1', name: 'remover' },
    ]);
    expect(linesIn(explanation)).toEqual([
      '0 lock(&list_lock)',
      '0 read head',
      '0 unlock(&list_lock)',
      '1 lock(&list_lock)',
      '1 head = NULL',
      '1 unlock(&list_lock)',
      '1 free(item)',
      '0 read item->value',
    ]);
    expect(explanation.diagram.mark).toEqual({ actor: 0, text: 'BUG: use-after-free of item' });
  });

  test('says that nothing orders the free and the use, and what the user knew last', () => {
    const { execution, explanation } = useAfterFree(ORDER);
    const free = execution.operations.find(({ kind }) => kind === 'free')!;
    const use = execution.operations.at(-1)!;
    const order = new Order(execution);
    expect(order.path(free, use)).toBeNull();
    expect(order.clock(use).get(free.task)).toBeUndefined();
    const why = explanation.sections.find(({ heading }) => heading === 'Why they are unordered');
    expect(why?.text.join(' ')).toContain('user has heard nothing of remover by then');
    expect(why?.text.join(' ')).toContain('They hold no lock in common');
  });

  test.each(FORMATS)('reads as in the golden file: %s', async (format) => {
    const { explanation } = useAfterFree(ORDER);
    await expect(render(explanation, format)).toMatchFileSnapshot(`golden/use-after-free.${format}.golden`);
  });
});

describe('a lost update', () => {
  test('has four lines: both reads, then both writes', () => {
    expect(linesIn(lostUpdate())).toEqual(['0 read x', '1 read x', '1 x = 1', '0 x = 1']);
  });

  test('reads as in the golden file', async () => {
    await expect(render(lostUpdate(), 'text')).toMatchFileSnapshot('golden/lost-update.text.golden');
  });
});

describe('a deadlock of two locks', () => {
  function ofTwo(): Explanation {
    const setUp = () => ({ a: new Lock('a'), b: new Lock('b') });
    const { execution } = watch('one two', setUp, {
      *one({ a, b }) {
        yield* a.acquire();
        yield* b.acquire();
      },
      *two({ a, b }) {
        yield* b.acquire();
        yield* a.acquire();
      },
    });
    const waits = execution.machine!.tasks.map(waitOf);
    return explained(execution, '*** DEADLOCK ***', { kind: 'waits', waits });
  }

  test('has four lines: each takes one lock, then waits for the other', () => {
    const explanation = ofTwo();
    expect(linesIn(explanation)).toEqual(['0 lock(a)', '1 lock(b)', '1 lock(a)', '0 lock(b)']);
    expect(explanation.sections[0].items.map(({ label, text }) => `${label} ${text}`)).toEqual([
      'one waits for b, held by two',
      'two waits for a, held by one',
    ]);
  });

  test('reads as in the golden file', async () => {
    await expect(render(ofTwo(), 'text')).toMatchFileSnapshot('golden/deadlock.text.golden');
  });
});

describe('order', () => {
  /** The free and the later read of `value` by the last task, and the steps from the one to the other. */
  function steps(order: string, tasks: Parameters<typeof watch<ReturnType<typeof pointer>>>[2]) {
    const { execution } = watch(order, pointer, tasks);
    const free = execution.operations.find(({ kind }) => kind === 'free')!;
    const use = execution.operations.findLast(({ name }) => name === 'item->value')!;
    const path = new Order(execution).path(free, use);
    return path?.map(({ from, to }) => `${from.task.name} ${from.kind} > ${to.task.name} ${to.kind}`) ?? null;
  }

  test('is handed over with a lock', () => {
    const freeInside = function* ({ lock, object }: ReturnType<typeof pointer>): Body<void> {
      yield* lock.acquire();
      yield* object.free();
      yield* lock.release();
    };
    const useInside = function* ({ lock, value }: ReturnType<typeof pointer>): Body<void> {
      yield* lock.acquire();
      yield* value.read();
    };
    expect(steps('a a a b b', { a: freeInside, b: useInside })).toEqual(['a release > b acquire']);
  });

  test('comes with a wait that has an end', () => {
    expect(
      steps('a a b b', {
        *a({ object, done }) {
          yield* object.free();
          yield* done.write(1);
        },
        *b({ done, value }) {
          yield* done.await((now) => now === 1);
          yield* value.read();
        },
      }),
    ).toEqual(['a write > b wait']);
  });

  test('does not come with a plain flag', () => {
    expect(
      steps('a a b b', {
        *a({ object, done }) {
          yield* object.free();
          yield* done.write(1);
        },
        *b({ done, value }) {
          yield* done.read();
          yield* value.read();
        },
      }),
    ).toBeNull();
  });

  test('comes with a flag that is released and acquired', () => {
    expect(
      steps('a a b b', {
        *a({ object, done }) {
          yield* object.free();
          yield* done.store(1, 'release');
        },
        *b({ done, value }) {
          yield* done.load('acquire');
          yield* value.read();
        },
      }),
    ).toEqual(['a write > b read']);
  });

  test('is from a child to who joins it, and from a parent to its child', () => {
    expect(
      steps('a child a a', {
        *a(shared) {
          yield* parent(function* ({ object }) {
            yield* object.free();
          }, shared);
          yield* shared.value.read();
        },
      }),
    ).toEqual(['child free > a wait']);
    expect(
      steps('a a child', {
        *a(shared) {
          yield* shared.object.free();
          yield* parent(function* ({ value }) {
            yield* value.read();
          }, shared);
        },
      }),
    ).toEqual(['a spawn > child read']);
  });
});

test('a wait that nobody will end shows who touched last what is waited for', () => {
  const { execution } = watch('sleeper waker sleeper', () => ({ awake: new Cell(0, 'awake') }), {
    *sleeper({ awake }) {
      yield* awake.read();
      yield* awake.write(0);
      yield* awake.await((now) => now === 1);
    },
    *waker({ awake }) {
      yield* awake.write(1);
    },
  });
  const waits = [waitOf(execution.machine!.tasks[0])];
  const explanation = explained(execution, 'lost wake-up', { kind: 'waits', waits });
  expect(linesIn(explanation)).toEqual(['0 read awake', '1 awake = 1', '0 awake = 0', '0 wait for awake']);
  expect(explanation.sections[0].items[0].text).toBe(
    'waits for awake, which nobody has, and nobody is left to bring it about',
  );
});

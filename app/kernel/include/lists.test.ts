import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { endingOf } from '../../sim/ending.ts';
import { Memory } from '../../sim/memory.ts';
import { RandomChooser } from '../../sim/random.ts';
import { titlesOf } from '../report/titles.ts';
import { onStack, Struct } from '../struct.ts';
import { bootForTest, dmesg, inTurn, runTasks, stepping } from '../testing/boot.ts';
import { within } from '../testing/memory.ts';
import { normalise } from '../testing/normalise.ts';
import { Atomic, atomic_dec_and_test, atomic_inc, atomic_inc_not_zero } from './atomic.ts';
import { clear_bit, set_bit, test_and_clear_bit, test_and_set_bit, test_bit } from './bitops.ts';
import {
  hlist_add_head,
  hlist_add_head_rcu,
  hlist_del_init,
  hlist_del_init_rcu,
  hlist_empty,
  hlist_first,
  HlistHead,
  HlistNode,
  hlist_unhashed,
} from './hlist.ts';
import {
  list_add,
  list_add_tail,
  list_del,
  list_del_init,
  list_empty,
  list_first,
  ListHead,
  list_move,
  list_next,
  list_splice_init,
} from './list.ts';
import {
  Refcount,
  refcount_dec,
  refcount_dec_and_test,
  refcount_inc,
  refcount_inc_not_zero,
} from './refcount.ts';
import { Cell } from '../../sim/cell.ts';

/** Runs one task to its end and gives what it returns. */
function evaluate<Result>(body: () => Body<Result>, config = {}): { result: Result; lines: string[] } {
  const kernel = bootForTest({ config });
  const { task } = runTasks(kernel, { task: () => within(['test_fn'], body) }, inTurn);
  return { result: task.thread.result as Result, lines: dmesg(kernel) };
}

class Item {
  readonly list = new ListHead<Item>('list', null, this);
  constructor(readonly name: string) {}
}

function* names(head: ListHead<Item>): Body<string[]> {
  const found: string[] = [];
  for (let p = yield* list_first(head); p !== null; p = yield* list_next(p.list, head)) found.push(p.name);
  return found;
}

describe('list_head', () => {
  test('does what an array would, whatever is added, moved and removed', () => {
    const operation = fc.tuple(fc.constantFrom('add', 'tail', 'del', 'move'), fc.nat(5));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
        const { result, lines } = evaluate(
          function* () {
            const head = new ListHead<Item>('head');
            const items = Array.from('abcdef', (name) => new Item(name));
            let array: string[] = [];
            for (const [what, i] of operations) {
              const { name, list } = items[i];
              const on = array.includes(name);
              if (what === 'del') {
                if (on) yield* list_del_init(list);
                array = array.filter((other) => other !== name);
              } else if (what === 'move') {
                if (on) yield* list_move(list, head);
                if (on) array = [name, ...array.filter((other) => other !== name)];
              } else if (!on) {
                yield* what === 'add' ? list_add(list, head) : list_add_tail(list, head);
                array = what === 'add' ? [name, ...array] : [...array, name];
              }
            }
            const other = new ListHead<Item>('other');
            const found = yield* names(head);
            yield* list_splice_init(head, other);
            return { array, found, spliced: yield* names(other), empty: yield* list_empty(head) };
          },
          { DEBUG_LIST: true },
        );
        expect(lines).toEqual([]);
        expect(result).toEqual({
          array: result.array,
          found: result.array,
          spliced: result.array,
          empty: true,
        });
      }),
    );
  });

  function* addTwice(): Body<void> {
    const head = new ListHead<Item>('head');
    const item = new Item('a');
    yield* list_add(item.list, head);
    yield* list_add(item.list, head);
  }

  function* deleteTwice(): Body<void> {
    const head = new ListHead<Item>('head');
    const item = new Item('a');
    yield* list_add(item.list, head);
    yield* list_del(item.list);
    yield* list_del(item.list);
  }

  test('DEBUG_LIST reports a node that is added twice', () => {
    const lines = normalise(evaluate(addTwice, { DEBUG_LIST: true }).lines);
    expect(lines[1]).toBe('WARNING: CPU: N PID: N at lib/list_debug.c:35 __list_add_valid_or_report');
    expect(lines[2]).toBe('list_add double add: new=ADDR, prev=ADDR, next=ADDR.');
  });

  test('DEBUG_LIST reports a node that is deleted twice, and goes on', () => {
    const { lines } = evaluate(deleteTwice, { DEBUG_LIST: true });
    expect(normalise(lines)[2]).toBe('list_del corruption, ADDR->next is LIST_POISON1 (ADDR)');
    expect(lines[2]).toMatch(/LIST_POISON1 \(dead000000000100\)$/);
    expect(titlesOf(lines)).toHaveLength(1);
  });

  test('without it a double delete follows the poison and kills the task', () => {
    const { lines } = evaluate(deleteTwice);
    expect(lines[0]).toMatch(
      /^Oops: general protection fault, probably for non-canonical address 0xdead000000000122/,
    );
    expect(evaluate(addTwice).lines).toEqual([]);
  });

  test('two tasks that add without a lock can lose an entry', () => {
    const lost = Array.from({ length: 50 }, (_, seed) => {
      const kernel = bootForTest();
      const { head, a, b } = kernel.machine.inside(() => ({
        head: new ListHead<Item>('head'),
        a: new Item('a'),
        b: new Item('b'),
      }));
      runTasks(
        kernel,
        { one: () => list_add(a.list, head), two: () => list_add(b.list, head) },
        new RandomChooser(seed),
      );
      const found: string[] = [];
      for (let at = head.next.value; typeof at !== 'string' && at.owner !== null; at = at.next.value)
        found.push(at.owner.name);
      return found.length < 2;
    });
    expect(lost).toContain(true);
    expect(lost).toContain(false);
  });
});

class Node {
  readonly hlist = new HlistNode<Node>(this, 'hlist');
  constructor(readonly name: string) {}
}

describe('hlist_node', () => {
  test('new nodes come first; a deleted one is unhashed', () => {
    const { result } = evaluate(function* () {
      const head = new HlistHead<Node>('head');
      const [a, b, c] = ['a', 'b', 'c'].map((name) => new Node(name));
      yield* hlist_add_head(a.hlist, head);
      yield* hlist_add_head_rcu(b.hlist, head);
      yield* hlist_add_head(c.hlist, head);
      yield* hlist_del_init(b.hlist);
      yield* hlist_del_init(b.hlist);
      const found: string[] = [];
      for (let n = yield* hlist_first(head); n !== null; n = yield* n.next.read()) found.push(n.owner.name);
      return { found, unhashed: yield* hlist_unhashed(b.hlist), next: yield* b.hlist.next.read() };
    });
    expect(result).toEqual({ found: ['c', 'a'], unhashed: true, next: null });
  });

  test('hlist_del_init_rcu() leaves the way on for a reader that stands on the node', () => {
    const { result } = evaluate(function* () {
      const head = new HlistHead<Node>('head');
      const [a, b] = ['a', 'b'].map((name) => new Node(name));
      yield* hlist_add_head(a.hlist, head);
      yield* hlist_add_head(b.hlist, head);
      yield* hlist_del_init_rcu(b.hlist);
      const on = yield* b.hlist.next.read();
      yield* hlist_del_init_rcu(a.hlist);
      return [yield* hlist_unhashed(b.hlist), on?.owner.name, yield* hlist_empty(head)];
    });
    expect(result).toEqual([true, 'a', true]);
  });

  // reaper: moves the node to a head on its stack and returns
  // unregister: unlinks the node, that is, stores through its pprev
  test('unlinking a node from a list whose head was on a stack that is gone touches dead memory', () => {
    class OnStack extends Struct {
      readonly list = new HlistHead<Node>('list', this.memory);
    }
    const kernel = bootForTest();
    const touched: Memory[] = [];
    kernel.machine.onDeadAccess = (_task, _operation, memory) => {
      touched.push(memory);
      return 'continue';
    };
    const node = kernel.machine.inside(() => new Node('a'));
    runTasks(
      kernel,
      {
        reaper: () =>
          within(['mmu_notifier_oom_enter'], function* () {
            const { list } = onStack(OnStack, 'oom_list', 8);
            yield* hlist_add_head(node.hlist, list);
          }),
        unregister: () => hlist_del_init_rcu(node.hlist),
      },
      inTurn,
    );
    expect(touched.map((memory) => memory.label)).toEqual(['oom_list']);
  });

  test('two tasks that unlink one node without a lock follow a pointer to nowhere', () => {
    const kernel = bootForTest();
    const { head, node } = kernel.machine.inside(() => ({
      head: new HlistHead<Node>('head'),
      node: new Node('a'),
    }));
    runTasks(
      kernel,
      {
        *setup() {
          yield* hlist_add_head(node.hlist, head);
        },
        one: () => within(['unlink'], () => hlist_del_init(node.hlist)),
        two: () => within(['unlink'], () => hlist_del_init(node.hlist)),
      },
      stepping(...Array<string>(6).fill('setup'), 'two', 'two', 'two', ...Array<string>(9).fill('one')),
    );
    expect(dmesg(kernel)[0]).toMatch(/^BUG: kernel NULL pointer dereference, address: 0000000000000000/);
    expect(endingOf(kernel.machine).kind).toBe('complete');
  });
});

describe('refcounts', () => {
  const cases: [string, (r: Refcount) => Body<unknown>, number, string][] = [
    ['an addition on 0', refcount_inc, 0, 'refcount_t: addition on 0; use-after-free.'],
    ['an underflow', refcount_dec_and_test, 0, 'refcount_t: underflow; use-after-free.'],
    ['a decrement to 0', refcount_dec, 1, 'refcount_t: decrement hit 0; leaking memory.'],
    ['an overflow', refcount_inc, 0x7fffffff, 'refcount_t: saturated; leaking memory.'],
  ];
  test.each(cases)(
    '%s is reported once, and the counter stays far from 0',
    (_name, operation, start, text) => {
      const { result, lines } = evaluate(function* () {
        const r = new Refcount('usage', start);
        yield* operation(r);
        yield* operation(r);
        return r.value;
      });
      expect(lines[2]).toBe(text);
      expect(lines[1]).toContain('refcount_warn_saturate');
      expect(result).toBe(-0x40000000);
    },
  );

  test('references that are taken and dropped are not reported', () => {
    const { result, lines } = evaluate(function* () {
      const r = new Refcount('usage', 1);
      yield* refcount_inc(r);
      yield* refcount_dec(r);
      const last = yield* refcount_dec_and_test(r);
      return [last, yield* refcount_inc_not_zero(r), r.value];
    });
    expect(result).toEqual([true, false, 0]);
    expect(lines).toEqual([]);
  });
});

test('of tasks that drop references exactly one sees the last go', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, count) => {
      const kernel = bootForTest();
      const v = kernel.machine.inside(() => new Atomic('v', 0));
      let last = 0;
      const drop = function* (): Body<void> {
        if (yield* atomic_dec_and_test(v)) last++;
      };
      v.value = count;
      runTasks(
        kernel,
        Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, drop])),
        new RandomChooser(seed),
      );
      expect({ last, value: v.value }).toEqual({ last: 1, value: 0 });
    }),
  );
});

test('atomic_inc_not_zero() and bit operations tell what was there', () => {
  const { result } = evaluate(function* () {
    const v = new Atomic('v', 0);
    const refused = yield* atomic_inc_not_zero(v);
    yield* atomic_inc(v);
    const bits = new Cell(0, 'bits');
    yield* set_bit(31, bits);
    const seen = [
      yield* test_bit(31, bits),
      yield* test_and_set_bit(0, bits),
      yield* test_and_clear_bit(0, bits),
    ];
    const value = bits.value;
    yield* clear_bit(31, bits);
    return { refused, taken: yield* atomic_inc_not_zero(v), seen, value, left: bits.value };
  });
  expect(result).toEqual({
    refused: false,
    taken: true,
    seen: [true, false, true],
    value: 0x80000000,
    left: 0,
  });
});

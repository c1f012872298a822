import { expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { list_add, list_del, ListHead } from '../include/list.ts';
import { Refcount, refcount_dec, refcount_dec_and_test, refcount_inc } from '../include/refcount.ts';
import { addTask, bareKernel, dmesg, runInTurn, within } from '../testing/memory.ts';
import { normalise } from '../testing/normalise.ts';
import { titlesOf } from './titles.ts';

// Reports of which there is no capture, as whole text: corrupted lists and counters. Others stand beside what prints them,
// and with the finds of searches (scenarios/*/replays).

const item = (): ListHead<unknown> => new ListHead<unknown>('item', null);

function* between(): Body<readonly ListHead<unknown>[]> {
  const [head, a, b] = [item(), item(), item()];
  yield* list_add(b, head);
  yield* list_add(a, head);
  return [head, a, b];
}

const REPORTS: Readonly<Record<string, () => Body<unknown>>> = {
  *'an entry that is added twice'() {
    const [head, a] = yield* between();
    yield* list_add(a, head);
  },
  *'an entry behind one that does not lead back'() {
    const [head, a] = yield* between();
    a.prev.value = item();
    yield* list_add(item(), head);
  },
  *'an entry that is deleted twice'() {
    const [, a] = yield* between();
    yield* list_del(a);
    yield* list_del(a);
  },
  *'an entry whose neighbour does not lead to it'() {
    const [head, a] = yield* between();
    head.next.value = item();
    yield* list_del(a);
  },
  *'an entry whose successor does not lead back'() {
    const [, a, b] = yield* between();
    b.prev.value = item();
    yield* list_del(a);
  },
  *'a reference that is taken when there is none'() {
    yield* refcount_inc(new Refcount('usage', 0));
  },
  *'one reference too many that is dropped'() {
    yield* refcount_dec_and_test(new Refcount('usage', 0));
  },
  *'the last reference, dropped by who did not look'() {
    yield* refcount_dec(new Refcount('usage', 1));
  },
};

test('corrupted lists and counters are reported in the words of the kernel', async () => {
  const text = Object.entries(REPORTS).map(([what, body]) => {
    const kernel = bareKernel({ config: { DEBUG_LIST: true } });
    addTask(kernel, 'sh', 63, () => within(['ksys_write', 'victim'], body));
    runInTurn(kernel);
    const lines = dmesg(kernel);
    return `# ${what}\nTITLE: ${titlesOf(lines).join(' | ')}\n${normalise(lines).join('\n')}\n`;
  });
  await expect(text.join('\n')).toMatchFileSnapshot('golden/whole-reports.golden');
});

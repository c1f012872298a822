import { describe, expect, test } from 'vitest';
import type { Body } from '../sim/call.ts';
import { Cell } from '../sim/cell.ts';
import type { Memory } from '../sim/memory.ts';
import { together } from '../sim/observers.ts';
import { kcsan } from '../kernel/checkers/kcsan.ts';
import { GFP_KERNEL } from '../kernel/include/gfp.ts';
import { kfunc } from '../kernel/kfunc.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../kernel/kernel/locking/mutex.ts';
import { kzalloc } from '../kernel/mm/slab.ts';
import { reportsOf } from '../kernel/report/titles.ts';
import { Struct } from '../kernel/struct.ts';
import { bootForTest, inTurn, runTasks, stepping } from '../kernel/testing/boot.ts';
import { addTask, bareKernel, runInTurn } from '../kernel/testing/memory.ts';
import { diagramLines } from '../trace/diagram/text.ts';
import { Execution } from '../trace/explain/execution.ts';
import { explain } from '../trace/explain/story.ts';
import { focusOn } from './explain.ts';
import { KernelView, kernelVocabulary } from './kernel-view.ts';

/** Watches a kernel; whoever calls runs it, and gets the diagram of the first report. */
function watch(kernel: Kernel): () => string {
  const execution = new Execution('printk', new KernelView());
  const { machine } = kernel;
  const others = machine.observer === null ? [] : [machine.observer];
  machine.observer = together([...others, execution]);
  return () => {
    const [{ title, line }] = reportsOf(execution.lines.map(({ text }) => text));
    const focus = focusOn({ title, lines: execution.lines.slice(line) }, execution);
    return `${title}\n\n${diagramLines(explain(execution, focus, kernelVocabulary).diagram).join('\n')}\n`;
  };
}

describe('the diagram of a report that names more than one moment', () => {
  test('circular locking: also where the locks were taken in the other order', async () => {
    const kernel = bootForTest({ config: { PROVE_LOCKING: true } });
    const drawing = watch(kernel);
    const { a, b } = kernel.machine.inside(() => ({ a: new Mutex('a_lock'), b: new Mutex('b_lock') }));
    const both = function* (first: Mutex, second: Mutex): Body<void> {
      yield* mutex_lock(first);
      yield* mutex_lock(second);
      yield* mutex_unlock(second);
      yield* mutex_unlock(first);
    };
    const add_item = kfunc('add_item', () => both(a, b));
    const drop_item = kfunc('drop_item', () => both(b, a));
    runTasks(kernel, { adder: () => call(add_item), dropper: () => call(drop_item) }, inTurn);
    await expect(drawing()).toMatchFileSnapshot('golden/explain-circular-locking.golden');
  });

  test('KCSAN: both accesses', async () => {
    const kernel = bootForTest({ config: { KCSAN: true } });
    const x = kernel.machine.inside(() => {
      kcsan.attach(kernel);
      return new Cell(0, 'stats->hits');
    });
    const drawing = watch(kernel);
    const count_hit = kfunc('count_hit', function* () {
      yield* x.write((yield* x.read()) + 1);
    });
    const tasks = { one: () => call(count_hit), two: () => call(count_hit) };
    runTasks(kernel, tasks, stepping('one', 'one', 'two', 'two', 'one', 'two'));
    await expect(drawing()).toMatchFileSnapshot('golden/explain-kcsan.golden');
  });

  test('a leak: who took and gave back references', async () => {
    const kernel = bareKernel({ config: { SCYTHE_INVARIANTS: true, KASAN: false } });
    const drawing = watch(kernel);
    const test_get = kfunc('test_get', function* (mm: Mm) {
      yield* mm.mm_count.update((count) => count + 1);
    });
    const test_put = kfunc('test_put', function* (mm: Mm) {
      yield* mm.mm_count.update((count) => count - 1);
    });
    addTask(kernel, 'sh', 63, function* () {
      const mm = yield* kzalloc(Mm, GFP_KERNEL, { label: 'mm_struct', size: 1024 });
      yield* test_get(mm!);
      yield* test_get(mm!);
      yield* test_put(mm!);
    }).user = true;
    runInTurn(kernel);
    await expect(drawing()).toMatchFileSnapshot('golden/explain-leak.golden');
  });
});

class Mm extends Struct {
  readonly mm_count;

  constructor(memory: Memory) {
    super(memory);
    this.mm_count = this.field<number>('mm_count', 0);
  }
}

function* call(symbol: () => Iterable<unknown>): Body<void> {
  yield* symbol() as Body<void>;
}

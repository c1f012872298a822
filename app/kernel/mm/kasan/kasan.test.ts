import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Memory } from '../../../sim/memory.ts';
import { GFP_KERNEL } from '../../include/gfp.ts';
import type { Kernel } from '../../kernel.ts';
import { titlesOf } from '../../report/titles.ts';
import { Struct } from '../../struct.ts';
import {
  addKthread,
  addTask,
  bareKernel,
  dmesg,
  golden,
  runInTurn,
  within,
  type BareOptions,
} from '../../testing/memory.ts';
import { normalise } from '../../testing/normalise.ts';
import { nullDereference } from '../../arch/x86/mm/fault.ts';
import { __get_free_pages, free_pages } from '../page_alloc.ts';
import { kasan_record_aux_stack } from './aux.ts';
import { kfree, kmem_cache_alloc, kmem_cache_create, kmem_cache_free, kzalloc } from '../slab.ts';
import { __vmalloc, vfree } from '../vmalloc.ts';

class Thing extends Struct {
  readonly fields;

  constructor(memory: Memory) {
    super(memory);
    this.fields = Array.from({ length: 16 }, (_, i) => this.field(`field${i}`, i));
  }
}

const SYSCALL = ['entry_SYSCALL_64_after_hwframe', 'do_syscall_64'];
const EXIT = [
  ...['asm_exc_page_fault', 'irqentry_exit_to_user_mode', 'arch_do_signal_or_restart', 'get_signal'],
  ...['do_group_exit', 'do_exit', 'mmput', 'exit_mmap'],
];
const REAPER = ['oom_reaper', '__oom_reap_task_mm', 'unmap_page_range'];

const vm_area_cachep = kmem_cache_create('vm_area_struct', 152);

/** One task makes a VMA and frees it, then the reaper looks at it. */
function useAfterFree(options: BareOptions = {}): { kernel: Kernel; seen: number[] } {
  const kernel = bareKernel(options);
  const seen: number[] = [];
  let vma: Thing | null = null;
  const memhog = addTask(kernel, 'memhog', 78, function* () {
    const mprotect = [
      ...['__x64_sys_mprotect', 'do_mprotect_pkey', 'mprotect_fixup', 'vma_modify_flags', 'vma_modify'],
      ...['__split_vma', 'vm_area_dup'],
    ];
    vma = yield* within([...SYSCALL, ...mprotect], () =>
      allocate(kmem_cache_alloc(vm_area_cachep, Thing, GFP_KERNEL)),
    );
    yield* within(EXIT, () => discard(kmem_cache_free(vm_area_cachep, vma!)));
  });
  memhog.user = true;
  addKthread(kernel, 'oom_reaper', 37, function* () {
    yield* within(REAPER, function* () {
      for (const field of [4, 5]) seen.push(yield* vma!.fields[field].read());
    });
  });
  runInTurn(kernel);
  return { kernel, seen };
}

function* allocate<T>(call: Iterable<unknown, T, unknown>): Generator<never, T, unknown> {
  return yield* call as Iterable<never, T, unknown>;
}

function* discard(call: Iterable<unknown, unknown, unknown>): Generator<never, void, unknown> {
  yield* call as Iterable<never, unknown, unknown>;
}

function* record(thing: Thing): Generator<never, void, unknown> {
  kasan_record_aux_stack(thing.memory);
}

/** Everything but the shadow of the neighbours, and the cgroup, which the model's pages need not have. */
const comparable = (lines: readonly string[]) =>
  normalise(lines).filter((line) => !/^[ >]ADDR: |^ +\^$|^memcg:/.test(line));

const captured = (name: string) =>
  readFileSync(new URL(`../../testing/captures/${name}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

async function expectGolden(kernel: Kernel, name: string, titles: readonly string[]) {
  expect(titlesOf(dmesg(kernel))).toEqual(titles);
  await expect(golden(kernel, titles)).toMatchFileSnapshot(`golden/${name}.golden`);
}

describe('with KASAN', () => {
  test('a freed slab object is reported with both stacks, as a real kernel reports it', async () => {
    const { kernel, seen } = useAfterFree();
    expect(comparable(dmesg(kernel))).toEqual(comparable(captured('kasan-slab-use-after-free')));
    expect(seen).toEqual([4, 5]);
    await expectGolden(kernel, 'slab-use-after-free', [
      'KASAN: slab-use-after-free Read in unmap_page_range',
    ]);
  });

  test('only the first bug of a boot is reported, unless kasan_multi_shot says otherwise', () => {
    const reports = (append: Record<string, string>) =>
      titlesOf(dmesg(useAfterFree({ append }).kernel)).length;
    expect(reports({})).toBe(1);
    expect(reports({ kasan_multi_shot: '' })).toBe(2);
  });

  test('a freed page is reported without stacks, as a real kernel reports it', async () => {
    const kernel = bareKernel();
    let table: Thing | null = null;
    addTask(kernel, 'memhog', 70, function* () {
      table = yield* __get_free_pages(Thing, GFP_KERNEL, { label: 'pte table', size: 4096 });
      yield* free_pages(table!);
    });
    addKthread(kernel, 'oom_reaper', 37, () => within(REAPER, () => discard(table!.fields[8].read())));
    runInTurn(kernel);
    expect(comparable(dmesg(kernel))).toEqual(comparable(captured('kasan-use-after-free')));
    await expectGolden(kernel, 'use-after-free', ['KASAN: use-after-free Read in unmap_page_range']);
  });

  test('a freed vmalloc area is reported, and then the access faults and kills the task', async () => {
    const kernel = bareKernel();
    let kvm: Thing | null = null;
    let survived = false;
    addTask(kernel, 'simple_kvm', 66, function* () {
      kvm = yield* __vmalloc(Thing, GFP_KERNEL, { label: 'kvm', size: 0x9b20 });
      yield* vfree(kvm);
    });
    const reaper = addKthread(kernel, 'oom_reaper', 37, function* () {
      yield* within(['oom_reaper', 'mmu_notifier_oom_enter'], () => discard(kvm!.fields[3].read()));
      survived = true;
    });
    runInTurn(kernel);
    expect(survived).toBe(false);
    expect(reaper.thread.state).toBe('abandoned');
    await expectGolden(kernel, 'vmalloc-out-of-bounds', [
      'KASAN: vmalloc-out-of-bounds Read in mmu_notifier_oom_enter',
      'BUG: unable to handle kernel paging request in mmu_notifier_oom_enter',
    ]);
  });

  test('a second free is reported and not done', async () => {
    const kernel = bareKernel();
    addTask(kernel, 'sh', 63, function* () {
      const thing = yield* kzalloc(Thing, GFP_KERNEL, { label: 'thing', size: 128 });
      yield* within(['first_put'], () => discard(kfree(thing)));
      yield* within(['second_put'], () => discard(kfree(thing)));
    }).user = true;
    runInTurn(kernel);
    await expectGolden(kernel, 'double-free', ['KASAN: invalid-free in second_put']);
  });

  test('who asked for work on the object is told, the last two', () => {
    const kernel = bareKernel();
    addTask(kernel, 'sh', 63, function* () {
      const thing = (yield* kzalloc(Thing, GFP_KERNEL, { label: 'thing', size: 128 }))!;
      for (const name of ['first', 'second', 'third']) {
        yield* within([name, 'call_rcu'], () => record(thing));
      }
      yield* kfree(thing);
      yield* discard(thing.fields[0].read());
    });
    runInTurn(kernel);
    const lines = normalise(dmesg(kernel));
    const at = lines.indexOf('Last potentially related work creation:');
    expect(lines.slice(at, at + 11)).toEqual([
      'Last potentially related work creation:',
      ...[' kasan_save_stack', ' __kasan_record_aux_stack', ' call_rcu', ' third', ''],
      'Second to last potentially related work creation:',
      ...[' kasan_save_stack', ' __kasan_record_aux_stack', ' call_rcu', ' second'],
    ]);
  });

  test('a NULL pointer is reported before it faults', async () => {
    const kernel = bareKernel();
    addTask(kernel, 'swapoff', 80, () => within(['unuse_mm'], () => nullDereference(0x446))).user = true;
    runInTurn(kernel);
    await expectGolden(kernel, 'null-ptr-deref', [
      'KASAN: null-ptr-deref Read in unuse_mm',
      'BUG: unable to handle kernel NULL pointer dereference in unuse_mm',
    ]);
  });
});

describe('without KASAN', () => {
  const off = { KASAN: false, KASAN_VMALLOC: false };

  test('a freed slab object keeps its stale value and nothing is said', () => {
    const { kernel, seen } = useAfterFree({ config: off });
    expect(dmesg(kernel)).toEqual([]);
    expect(seen).toEqual([4, 5]);
  });

  test('a freed vmalloc area faults', async () => {
    const kernel = bareKernel({ config: off });
    addTask(kernel, 'sh', 63, function* () {
      const kvm = yield* __vmalloc(Thing, GFP_KERNEL, { label: 'kvm', size: 4096 });
      yield* vfree(kvm);
      yield* within(['kvm_put_kvm'], () => discard(kvm!.fields[0].write(1)));
    });
    runInTurn(kernel);
    await expectGolden(kernel, 'page-fault', ['BUG: unable to handle kernel paging request in kvm_put_kvm']);
  });
});

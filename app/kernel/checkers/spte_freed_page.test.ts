import { expect, test } from 'vitest';
import { kvm_mmu_page_fault } from '../arch/x86/kvm/mmu.ts';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
} from '../include/mmu_notifier.ts';
import { kfunc } from '../kfunc.ts';
import { put_page, type Page } from '../mm/page_alloc.ts';
import { titlesOf } from '../report/titles.ts';
import { dmesg } from '../testing/boot.ts';
import { normalise } from '../testing/normalise.ts';
import { createVm, rangeOf, VmBench, vcpuOf } from '../testing/vm.ts';
import { findTree } from '../trees/index.ts';
import { spteFreedPage } from './spte_freed_page.ts';

const give_up = kfunc('test_give_up', function* (pages: readonly Page[]) {
  for (const page of pages) yield* put_page(page);
});

/** A guest maps a page; then the process gives it up, with or without telling. */
function giveUp(invalidates: boolean): VmBench {
  const bench = new VmBench({ tree: findTree('v6.18')!, config: { SCYTHE_INVARIANTS: true, KASAN: true } }, [
    spteFreedPage,
  ]);
  const pages = [bench.page(0), bench.page(1)];
  bench.run({
    *vmm() {
      const kvm = yield* createVm();
      const vcpu = vcpuOf(kvm);
      yield* kvm_mmu_page_fault(vcpu, 0, true);
      yield* kvm_mmu_page_fault(vcpu, 1, true);
      const range = rangeOf(bench.mm, 0, 2);
      if (invalidates) yield* mmu_notifier_invalidate_range_start(range);
      yield* give_up(pages);
      if (invalidates) yield* mmu_notifier_invalidate_range_end(range);
    },
  });
  return bench;
}

test('a page that is freed after its SPTE was zapped is silent', () => {
  expect(dmesg(giveUp(true).kernel)).toEqual([]);
});

test('a page that is freed under an SPTE is reported once, with who mapped it and who freed it', async () => {
  const lines = dmesg(giveUp(false).kernel);
  expect(titlesOf(lines)).toEqual(['SCYTHE: page freed while mapped by an SPTE in test_give_up']);
  expect(lines).toContain('SPTE installed by task vmm/100:');
  expect(lines.some((line) => /^ test_give_up\+/.test(line) || line.startsWith('  test_give_up+'))).toBe(
    true,
  );
  expect(lines.find((line) => line.startsWith('pfn'))).toMatch(
    /^pfn 0x[0-9a-f]+, mapped at gfn 0x0 of kvm-100$/,
  );
  await expect(normalise(lines).join('\n') + '\n').toMatchFileSnapshot('golden/spte-freed-page.golden');
});

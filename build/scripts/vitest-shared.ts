// Test files that share a process share its modules: loaded once, and compiled while they are used. Then no test may
// notice who was there before it. So all of the modelled kernel is registered ahead of the first test, whatever a file
// imports, and a file that adds to it is told to stay alone.
import { afterAll, expect } from 'vitest';
import '../../app/service/service.ts';
import { globalNames } from '../../app/kernel/globals.ts';
import { initcalls } from '../../app/kernel/init/initcall.ts';
import { kallsyms } from '../../app/kernel/kfunc.ts';

const before = registered();

afterAll(() => {
  const added = [...registered()].filter((name) => !before.has(name));
  expect(added, 'other files would find this in the kernel: list yours in ALONE, vitest.config.ts').toEqual(
    [],
  );
});

function registered(): ReadonlySet<string> {
  return new Set([...[...kallsyms(), ...initcalls()].map(({ name }) => name), ...globalNames()]);
}

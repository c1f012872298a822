import { expect, test } from 'vitest';
import { normalise } from './normalise.ts';

test('two boots of one kernel say the same after normalising', () => {
  const boot = [
    '[   35.896237] BUG: KASAN: slab-use-after-free in unmap_page_range+0xd5/0x1800',
    '[   35.896367] Read of size 8 at addr ff11000006c060f8 by task oom_reaper/37',
    '[   35.896495] CPU: 0 UID: 0 PID: 37 Comm: oom_reaper Tainted: G        W          6.12.117 #15 ',
    '[   35.896541] Tainted: [W]=WARN',
    '[   35.896723]  ? unmap_page_range+0xd5/0x1800',
    '[   35.896927]  unmap_page_range+0xd5/0x1800',
    '[   35.897840] Allocated by task 78:',
  ];
  const other = [
    '[    1.000001] BUG: KASAN: slab-use-after-free in unmap_page_range+0x1/0x40',
    '[    1.000001] Read of size 8 at addr ff11000004000020 by task oom_reaper/12',
    '[    1.000001] CPU: 1 UID: 0 PID: 12 Comm: oom_reaper Not tainted 6.12.117 #1 ',
    '[    1.000001]  unmap_page_range+0x1/0x40',
    '[    1.000001] Allocated by task 64:',
  ];
  expect(normalise(boot)).toEqual(normalise(other));
});

test('what a report says stays', () => {
  expect(
    normalise([
      '[   19.261378] in_atomic(): 0, irqs_disabled(): 0, non_block: 1, pid: 63, name: sh',
      '[   19.261525]  #0: ff1100000445a450 (sb_writers#8){.+.+}-{0:0}, at: ksys_write+0xc2/0x150',
      '[   32.904148] 6.12.117 #15 Tainted: G        W         ',
      '[   19.274460] RSP: 002b:00007ffd9f0afa68 EFLAGS: 00000202 ORIG_RAX: 0000000000000001',
    ]),
  ).toEqual([
    'in_atomic(): 0, irqs_disabled(): 0, non_block: 1, pid: N, name: sh',
    ' #0: ADDR (sb_writers){.+.+}-{0:0}, at: ksys_write',
    'RELEASE #N TAINT',
  ]);
});

import { strerror } from '../../kernel/include/errno.ts';
import { PAGE_SIZE } from '../../kernel/include/mm_types.ts';
import { rest, startGate } from '../userland/gate.ts';
import { swapAreas } from '../../kernel/mm/swapfile.ts';
import { print, STDERR, STDOUT, swapoff as off, swapon as on } from '../userland/libc.ts';
import { withOptions } from './program.ts';

const MB = 1024 * 1024;
const megabytes = (pages: number): string => (pages === 0 ? '0B' : `${Math.ceil((pages * PAGE_SIZE) / MB)}M`);

export const swapon = withOptions(
  {
    name: 'swapon',
    summary: 'Has pages written to block devices when memory is short: /dev/zram0, /dev/zram1.',
    operands: '[DEVICE]...',
    options: [
      { flag: '-s', value: 'MB', description: 'size of each area', default: 256 },
      { flag: '--show', description: 'show the areas in use' },
    ],
  },
  function* (options) {
    if (options.has('--show') || options.operands.length === 0) {
      const rows = swapAreas().map(({ device, pages, inuse_pages }, i) =>
        [
          device.padEnd(10),
          'partition',
          megabytes(pages).padStart(5),
          megabytes(inuse_pages.value).padStart(4),
          String(-2 - i).padStart(4),
        ].join(' '),
      );
      if (rows.length > 0)
        yield* print(STDOUT, `${['NAME       TYPE       SIZE USED PRIO', ...rows].join('\n')}\n`);
      return 0;
    }
    for (const device of options.operands) {
      const error = yield* on(device, Math.max(1, Math.floor((options.number('-s') * MB) / PAGE_SIZE)));
      if (error === 0) continue;
      yield* print(STDERR, `swapon: ${device}: swapon failed: ${strerror(error)}\n`);
      return 255;
    }
    return 0;
  },
);

export const swapoff = withOptions(
  {
    name: 'swapoff',
    summary: 'Brings all back that was written to block devices, and uses them no more.',
    operands: 'DEVICE...',
    options: [],
    startsAtGate: true,
  },
  function* ({ operands }) {
    yield* startGate();
    for (const device of operands) {
      const error = yield* off(device);
      if (error === 0) continue;
      yield* print(STDERR, `swapoff: ${device}: swapoff failed: ${strerror(error)}\n`);
      return 4;
    }
    yield* rest();
    return 0;
  },
);

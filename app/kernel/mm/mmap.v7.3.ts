import { config } from '../kernel.ts';
import { replace } from '../kfunc.ts';
import { WARN_ON_ONCE } from '../kernel/panic.ts';
import { exit_mmap_counted, exit_mmap_empty, traceExit } from './mmap.ts';

/** exit_mmap() in v7.3. Leaves out struct unmap_desc, which carries the limits that are arguments here. */
export const v7_3Replacements = [
  replace(
    exit_mmap_empty,
    function* (mm) {
      traceExit(mm);
    },
    'the trace event is there for an empty address space, too',
  ),
  replace(
    exit_mmap_counted,
    function* (mm, count) {
      if (!config().DEBUG_VM) return;
      WARN_ON_ONCE(count !== (yield* mm.map_count.read()), 'mm/vma.c:1311');
    },
    'a wrong number of VMAs is a warning, with DEBUG_VM only',
  ),
];

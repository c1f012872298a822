import { EINVAL } from '../include/errno.ts';
import { FaultAttr } from '../faults.ts';
import { config, kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { kstrtoint } from '../fs/debugfs/file.ts';
import { fixedDirectory, mountPseudo, shownBy, type PseudoDirectory, type PseudoFile } from '../fs/pseudo.ts';

// /sys/kernel/debug/failslab: which allocations fail. Models: lib/fault-inject.c and mm/failslab.c.

/** The settings of the kernel that runs; made when somebody looks at them. */
const failslab = (): FaultAttr => (kernel().faults.attr ??= new FaultAttr());

const debugfs_attr_read = kfunc('debugfs_attr_read', function* (show: (attr: FaultAttr) => string) {
  return `${show(failslab())}\n`;
});

const debugfs_attr_write = kfunc(
  'debugfs_attr_write',
  function* (change: (attr: FaultAttr, value: number) => boolean, data: string) {
    const word = data.trim();
    const value = /^[YyNn]$/.test(word) ? Number(/y/i.test(word)) : kstrtoint(word);
    if (Number.isNaN(value) || !change(failslab(), value)) return -EINVAL;
    return data.length;
  },
);

type NumberField = 'probability' | 'interval' | 'times' | 'space' | 'verbose';
type FlagField = 'task_filter' | 'ignore_gfp_wait';

const number = (field: NumberField, least = 0): PseudoFile =>
  shownBy(() => debugfs_attr_read((attr) => String(attr[field])), {
    write: (_file, data) =>
      debugfs_attr_write((attr, value) => {
        if (value < least) return false;
        attr[field] = value;
        return true;
      }, data),
  });

const flag = (field: FlagField): PseudoFile =>
  shownBy(() => debugfs_attr_read((attr) => (attr[field] ? 'Y' : 'N')), {
    write: (_file, data) =>
      debugfs_attr_write((attr, value) => {
        attr[field] = value !== 0;
        return value === 0 || value === 1;
      }, data),
  });

const files = fixedDirectory({
  'ignore-gfp-wait': flag('ignore_gfp_wait'),
  interval: number('interval'),
  probability: number('probability'),
  space: number('space'),
  'task-filter': flag('task_filter'),
  times: number('times', -1),
  verbose: number('verbose'),
});

/** There with FAILSLAB only. */
const directory: PseudoDirectory = {
  kind: 'directory',
  *lookup(name) {
    return config().FAILSLAB && name === 'failslab' ? files : null;
  },
  *names() {
    return config().FAILSLAB ? ['failslab'] : [];
  },
};

mountPseudo('/sys/kernel/debug', directory);
